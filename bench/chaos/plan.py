"""What happens in a run, all of it drawn from the seed: the messages sent, and what is broken in which stage."""

from __future__ import annotations

import random
from dataclasses import dataclass

from store.engine import LEASE_MS

STOP_SECONDS = LEASE_MS / 1000 + 6  # past the lease, one reaper interval, and the start of a second attempt

_ANSWERING = ("screening", "retrieving", "generating", "speaking")
_EVERY = ("queued", "transcribing", *_ANSWERING)

# What is broken, in which stages of a job it is to happen, and for how many seconds nothing else is broken afterwards.
PROCESS_FAULTS: dict[str, tuple[tuple[str, ...], float]] = {
    "worker killed": (("queued", *_ANSWERING), 6),
    "voice worker killed": (_EVERY, 6),
    "worker stopped": (("queued", *_ANSWERING), 2),
    "voice worker stopped": (_EVERY, 2),
    "delivery worker killed": (_EVERY, 2),
    "beat killed": (_EVERY, 2),
    "web worker killed": (_EVERY, 2),
    "web master killed": (_EVERY, 4),
    "Valkey killed": (_EVERY, 5),
    "model server killed": (_EVERY, 6),
    "running job's message doubled": (("queued", "transcribing", *_ANSWERING), 0.5),
    "finished job's message doubled": (("finished",), 0.5),
}
MODEL_FAULTS = {
    "model 429": "429; retry-after=1",
    "model 500": "500",
    "model slow": "slow; seconds=4",
    "model cut": "cut",
}
STAGE_OF_PATH = {
    "/v1/audio/transcriptions": "transcribing",
    "/v1/embeddings": "retrieving",
    "/v1/chat/completions": "generating",
    "/v1/audio/speech": "speaking",
}
# Here nothing but the fence stands between a stopped worker and a second turn in the history.
_MOST_TELLING = {"worker stopped": "speaking"}

_SAYINGS = (
    "How can I get steadier on my feet?",
    "Is walking enough?",
    "What helps when I do not feel like moving?",
    "How do I make a habit of it?",
    "Why does strength matter?",
)
_GRAVE = "I have crushing chest pain right now"


@dataclass(frozen=True)
class Scale:
    """How large a run is. `repeats`: how often each kind of fault comes at least."""

    jobs: int
    sessions: int
    repeats: int
    seconds: float  # for sending and breaking together; the ends of the last jobs come on top
    overtime: float  # seconds that late strikes may take besides, on a machine that has other things to do
    deadline_seconds: int


LONG = Scale(jobs=1000, sessions=50, repeats=5, seconds=600, overtime=120, deadline_seconds=120)
SHORT = Scale(jobs=150, sessions=20, repeats=1, seconds=75, overtime=90, deadline_seconds=75)


@dataclass(frozen=True)
class Strike:
    """Something to break at a moment when a job is in this stage."""

    kind: str
    stage: str


@dataclass(frozen=True)
class Saying:
    """A message to send."""

    text: str
    voice: bool = False
    speak: bool = False
    grave: bool = False


def strikes(scale: Scale, rng: random.Random) -> list[Strike]:
    """Each kind at least `repeats` times; where that is more than once, in each of its stages."""
    drawn = []
    for kind, (stages, _) in PROCESS_FAULTS.items():
        if scale.repeats == 1:
            drawn.append(Strike(kind, _MOST_TELLING.get(kind) or rng.choice(stages)))
        else:
            drawn += [Strike(kind, stages[turn % len(stages)]) for turn in range(max(scale.repeats, len(stages)))]
    rng.shuffle(drawn)
    return drawn


def model_faults(scale: Scale, rng: random.Random) -> list[tuple[str, str]]:
    """Pairs of a path and a kind of fault, so many of each kind that some may be lost with a killed model server."""
    drawn = [(path, kind) for path in STAGE_OF_PATH for kind in MODEL_FAULTS] * max(1, scale.repeats // 2)
    rng.shuffle(drawn)
    return drawn


def sayings(scale: Scale, rng: random.Random) -> list[Saying]:
    """Mostly written; of a hundred, two are answered on the spot, ten are spoken, and fifteen answered aloud."""
    drawn = [Saying(_GRAVE, grave=True)] * (scale.jobs // 50)
    drawn += [Saying("", voice=True, speak=turn % 2 == 0) for turn in range(scale.jobs // 10)]
    drawn += [Saying(rng.choice(_SAYINGS), speak=True) for _ in range(scale.jobs // 10)]
    drawn += [Saying(rng.choice(_SAYINGS)) for _ in range(scale.jobs - len(drawn))]
    rng.shuffle(drawn)
    return drawn
