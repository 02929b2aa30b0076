"""What the models cost: list prices from `prices.json`, in the integers that the ledger counts with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from config import Settings

MICRO = 1_000_000
_MS_PER_MINUTE = 60_000
# A dated name, such as gpt-4o-mini-2024-07-18, costs what the model costs.
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Rates:
    """Millionths of a micro-dollar for one input token, output token, millisecond heard and character spoken.

    `known` is False when a model has no listed price: it is then counted at the dearest one.
    """

    input: int
    output: int
    audio_ms: int
    character: int
    known: bool

    def cost(self, *, input_tokens: int, output_tokens: int, audio_ms: int, characters: int) -> int:
        """Micro-dollars, rounded up; `settle` of `lua/engine.lua` does the same sum."""
        used = (
            input_tokens * self.input
            + output_tokens * self.output
            + audio_ms * self.audio_ms
            + characters * self.character
        )
        return math.ceil(used / MICRO)

    def as_json(self) -> str:
        """As the ledger keeps them on the job: what was reserved and what is charged rest on the same prices."""
        return json.dumps([self.input, self.output, self.audio_ms, self.character])


FREE = Rates(0, 0, 0, 0, known=True)


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return listed


def as_of() -> str:
    """The day the prices were taken, as YYYY-MM-DD."""
    return str(_listed()["as_of"])


def rates(settings: Settings) -> Rates:
    """What the configured models cost; of several chat models, the dearest. The offline models are free."""
    if settings.offline:
        return FREE
    listed = [_price("chat", name.strip()) for name in settings.openai_model.split(",")]
    chat = {unit: max(prices[unit] for prices, _ in listed) for unit in listed[0][0]}
    chat_known = all(known for _, known in listed)
    heard, heard_known = _price("transcription", settings.openai_transcription_model)
    spoken, spoken_known = _price("speech", settings.openai_speech_model)
    return Rates(
        input=_scaled(chat["input_per_million_tokens"]),
        output=_scaled(chat["output_per_million_tokens"]),
        audio_ms=_scaled(heard["per_minute"] * MICRO / _MS_PER_MINUTE),
        character=_scaled(spoken["per_million_characters"]),
        known=chat_known and heard_known and spoken_known,
    )


def dollars(micro: int) -> str:
    """Micro-dollars as dollars with six decimals."""
    return f"{Decimal(micro) / MICRO:.6f}"


def _price(kind: str, model: str) -> tuple[Mapping[str, Decimal], bool]:
    """The listed price of a model, or the dearest of its kind; and whether it was listed."""
    listed: dict[str, dict[str, str]] = _listed()[kind]
    exact = listed.get(model) or listed.get(_SNAPSHOT.sub("", model))
    if exact:
        return {unit: Decimal(price) for unit, price in exact.items()}, True
    units = next(iter(listed.values()))
    return {unit: max(Decimal(prices[unit]) for prices in listed.values()) for unit in units}, False


def _scaled(per_million: Decimal) -> int:
    """Dollars per million as millionths of a micro-dollar each, which is the same number of millionths."""
    return math.ceil(per_million * MICRO)
