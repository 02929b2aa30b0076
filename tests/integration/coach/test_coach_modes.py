"""The modes with the offline embedding model, as the worker and `python -m coach eval` use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from coach.intents import Intents
from config import OFFLINE_MODELS
from offline.process import started
from rag.embedding import Embedder

ROOT = Path(__file__).resolve().parents[3]
DEVELOPMENT = ROOT / "tests/data/intents_dev.jsonl"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with started() as url:
        yield url


@pytest.fixture(scope="module")
def intents(base_url: str) -> Intents:
    client = openai.OpenAI(api_key="offline", base_url=base_url, max_retries=0)
    return Intents(Embedder(client, OFFLINE_MODELS["OPENAI_EMBEDDING_MODEL"]).embed)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("I managed two walks and a swim this week, what next", "coaching"),
        ("I can't see why I should exercise at my time of life", "low_intention"),
        ("I go red with shame when the others pass me", "emotion"),
        ("why do old bones need strength training", "education"),
        ("is perceived capability the same as confidence", "framework"),
        ("some stretches for the sofa while it pours outside", "home_resources"),
        ("any Thursday swim sessions for beginners round here", "local_activities"),
        ("and where did you read that?", "sources"),
        ("what's lesson three on?", "lesson_overview"),
        ("which lesson goes into sleep", "lesson_lookup"),
        ("the app crashes as soon as I tap play", "technical_support"),
        ("what sort of thing are you able to do", "chatbot_help"),
        ("how long do I boil an egg", "out_of_scope"),
        ("J'ai peur de tomber quand je marche", "emotion"),
        ("¿Hay clases de natación cerca?", "local_activities"),
        ("No me interesa hacer ejercicio", "low_intention"),
    ],
)
def test_new_wordings_are_understood(intents: Intents, text: str, mode: str) -> None:
    found = intents.of(text)
    assert found.mode == mode
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize("text", ["", "?", "🙂", "x " * 3000, "你好"])
def test_odd_messages_have_a_mode_too(intents: Intents, text: str) -> None:
    assert 0 <= intents.of(text).confidence <= 1


def test_the_evaluation_starts_the_models_itself_and_stays_above_its_floors(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    command = [sys.executable, "-m", "coach", "eval", "--intents", str(DEVELOPMENT), "--json"]
    done = subprocess.run(  # noqa: S603 (our own command)
        command,
        cwd=ROOT,
        env=environment | {"DATA_DIR": str(tmp_path), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["intents"]
    assert set(figures) == {"n", "accuracy", "by_mode"}
    assert figures["n"] == 90
    assert figures["accuracy"] >= 0.93
    assert min(figures["by_mode"].values()) >= 0.75
