"""List prices, and the most that a job may cost."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from coach import model, plan, prompt
from coach.modes import MODES
from config import HOSTED_MODELS, Settings
from store import usage
from store.prices import FREE, Rates, as_of, dollars, rates
from store.submission import Submission


@pytest.fixture
def hosted(tmp_path: Path) -> Settings:
    return Settings.from_env({"OPENAI_API_KEY": "sk-x"}, tmp_path / "no.env")


def _most(settings: Settings, **fields: Any) -> int:
    what: dict[str, Any] = {"type": "message", "input": {"text": ""}, "deadline_ms": 0, "request_id": "", **fields}
    return usage.reserve(Submission(**what), settings, rates(settings))


def test_every_default_model_has_a_price_and_the_list_its_date(hosted: Settings) -> None:
    assert rates(hosted).known
    assert hosted.openai_model == HOSTED_MODELS["OPENAI_MODEL"]
    assert date.fromisoformat(as_of()) > date(2025, 1, 1)


def test_rates_count_in_millionths_of_a_micro_dollar(hosted: Settings) -> None:
    assert rates(hosted) == Rates(150_000, 600_000, 100_000, 18_000_000, known=True)
    assert rates(hosted).cost(input_tokens=1_000_000, output_tokens=0, audio_ms=60_000, characters=1) == 156_018
    assert rates(hosted).cost(input_tokens=1, output_tokens=0, audio_ms=0, characters=0) == 1  # rounded up


def test_a_dated_name_costs_what_its_model_costs(hosted: Settings) -> None:
    assert rates(replace(hosted, openai_model="gpt-4o-mini-2024-07-18")) == rates(hosted)


def test_a_model_that_is_not_listed_counts_as_the_dearest_that_is(hosted: Settings) -> None:
    found = rates(replace(hosted, openai_model="gpt-4o-mini-of-our-own"))

    assert not found.known
    assert found.input > rates(replace(hosted, openai_model="gpt-4o")).input
    assert found.audio_ms == rates(hosted).audio_ms


def test_of_several_chat_models_the_dearest_is_counted(hosted: Settings) -> None:
    both = replace(hosted, openai_model="gpt-4o-mini, gpt-4o")
    assert rates(both) == rates(replace(hosted, openai_model="gpt-4o"))
    assert _most(replace(hosted, openai_model="gpt-4o-mini,gpt-5-mini")) > _most(hosted)


def test_offline_models_are_free(tmp_path: Path) -> None:
    assert rates(Settings.from_env({}, tmp_path / "no.env")) == FREE


@pytest.mark.parametrize(("micro", "shown"), [(0, "0.000000"), (1, "0.000001"), (12_345_678, "12.345678")])
def test_dollars_have_six_decimals(micro: int, shown: str) -> None:
    assert dollars(micro) == shown


def test_the_most_a_job_costs_is_what_the_coach_sends_and_asks_for() -> None:
    assert usage.HISTORY_TOKENS == prompt.HISTORY_TOKENS
    assert usage.CHARACTERS_PER_TOKEN == prompt.CHARACTERS_PER_TOKEN
    assert usage.OUTPUT_TOKENS == model.MAX_OUTPUT_TOKENS
    assert usage.REASONING_OUTPUT_TOKENS == model.MAX_REASONING_TOKENS
    assert usage._REASONING.pattern == model._REASONING.pattern
    texts = [path.read_text() for path in Path("knowledge").rglob("*.md")]
    longest = max(len(paragraph) for text in texts for paragraph in re.split(r"\n\s*\n", text))
    instructions = len(prompt.SYSTEM) + len(prompt.CAUTIONED) + max(len(prompt.style(mode)) for mode in MODES)
    assert instructions + plan.PASSAGES * longest < usage.PROMPT_TOKENS * usage.CHARACTERS_PER_TOKEN


def test_what_is_reserved_grows_with_all_that_is_paid_for(hosted: Settings) -> None:
    plain = _most(hosted)
    assert plain == 6000 * 15 // 100 + 600 * 60 // 100
    assert _most(hosted, input={"text": "x" * 4000}) == plain + 150
    assert _most(hosted, speak=True) == plain + 2400 * 18
    assert _most(hosted, type="voice", input={}, audio=b"x" * 50_000) == plain + 10_000 + 75
    assert _most(hosted, type="voice", input={}, audio=b"x" * 5_000_000) == plain + 30_000 + 225
    assert _most(replace(hosted, openai_model="gpt-5-mini")) == 6000 * 25 // 100 + 4000 * 2
