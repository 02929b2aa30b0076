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
    """One earlier utterance of the conversation; `citations` are the passages that an answer used."""

    role: Role
    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Commitment:
    """What the person said they would do, in fixed vocabulary: "I'll walk on Tuesday after breakfast".

    `activity`, `day` ("tuesday", "tomorrow", ...) and `time` ("morning", "after_breakfast", ...) are "" where not said.
    `status` is what they told of it later; `turns` counts the messages of theirs since.
    """

    activity: str = ""
    day: str = ""
    time: str = ""
    status: Literal["open", "done", "missed"] = "open"
    turns: int = 0


@dataclass(frozen=True)
class State:
    """What the coach knows about the person, in fixed vocabulary only: never their own words (see `coach.state`).

    `layer` is the Multi-Process Action Control layer, `layer_confidence` (0 to 1) how sure it is by now, and `barrier`
    the last obstacle named. `activities` are those they do or would like, `disliked` those they turned down.
    `setting` is "indoor", "outdoor" or "", `company` "alone", "others" or "", `place` a kind of place or "", and
    `goal` what they want it for ("balance", "energy", ...) or "".
    """

    layer: str = "unclassified"
    barrier: str = "none"
    activities: tuple[str, ...] = ()
    minutes_available: int | None = None
    layer_confidence: float = 0.0
    disliked: tuple[str, ...] = ()
    setting: str = ""
    company: str = ""
    place: str = ""
    goal: str = ""
    commitment: Commitment | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as in a job's `coach.state`."""
        return {**asdict(self), "activities": list(self.activities), "disliked": list(self.disliked)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> State:
        """Read the JSON form; fields of another release are ignored, absent ones take their defaults."""
        known = _known(cls, data)
        for name in ("activities", "disliked"):
            if name in known:
                known[name] = tuple(known[name])
        if known.get("commitment"):
            known["commitment"] = Commitment(**_known(Commitment, known["commitment"]))
        return cls(**known)


def _known(cls: type[State | Commitment], data: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: data[field.name] for field in fields(cls) if field.name in data}


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

    `declined` means that nothing of the model's answer could be passed on. `mode` is None where no coaching took place,
    `model` where no model was asked.
    """

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...]
    mode: str | None
    state: State
    usage: Usage
    guardrails: tuple[Guardrail, ...]
    model: str | None
