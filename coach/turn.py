"""What goes into one turn of the conversation and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Role = Literal["user", "assistant"]
StageName = Literal["screening", "retrieving", "generating"]
Outcome = Literal["answered", "declined", "escalated"]
Phase = Literal["input", "output"]
Verdict = Literal["pass", "flag", "replace", "block"]


@dataclass(frozen=True)
class Message:
    """One earlier utterance of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class State:
    """What the coach knows about the person, in fixed vocabulary only: never their own words.

    `layer` is the Multi-Process Action Control layer and `barrier` the last obstacle named (see `coach.state`).
    """

    layer: str = "unclassified"
    barrier: str = "none"
    activities: tuple[str, ...] = ()
    minutes_available: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as in a job's `coach.state`."""
        return {**asdict(self), "activities": list(self.activities)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> State:
        """Read the JSON form; fields of another release are ignored, absent ones take their defaults."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        if "activities" in known:
            known["activities"] = tuple(known["activities"])
        return cls(**known)


@dataclass(frozen=True)
class Turn:
    """The person's words, what was said before (oldest first) and the state so far."""

    text: str
    history: tuple[Message, ...] = ()
    state: State = State()


@dataclass(frozen=True)
class Citation:
    """A passage that the reply used; `quote` stands word for word in it."""

    id: str
    title: str
    collection: str
    score: float
    quote: str


@dataclass(frozen=True)
class Usage:
    """Tokens of a model call, as the model API counts them; while it has not said, `estimated` from the length."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class Guardrail:
    """One check and what it decided; `score`, 0 to 1, where it weighs."""

    name: str
    phase: Phase
    verdict: Verdict
    score: float | None = None


@dataclass(frozen=True)
class Stage:
    """Event: the turn enters this stage."""

    name: StageName


@dataclass(frozen=True)
class Sentence:
    """Event: the next piece of the reply, screened. All pieces joined with nothing between are `Reply.text`."""

    text: str


@dataclass(frozen=True)
class Reply:
    """Event: the end of the turn.

    `declined` means that nothing of the model's answer could be passed on. `mode` and `model` are None where no
    coaching took place and no model was asked.
    """

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...]
    mode: str | None
    state: State
    usage: Usage
    guardrails: tuple[Guardrail, ...]
    model: str | None
