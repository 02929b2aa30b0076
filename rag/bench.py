"""How fast the search is on this machine, the query's embedding included, and how long an index takes to load."""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag import sayings
from rag.embedding import Embedder
from rag.index import Index, IndexFolder
from rag.passage import COLLECTIONS, Passage
from rag.reading import Reading
from rag.retriever import Retriever

_SEED = 5  # the same count and sample give the same passages
_WARM_UP = 5  # searches before those, not counted: the first one opens a connection
_SECONDS = 6  # at most, for the searches of one kind
_KINDS = ("yoga", "walking", "dance", "strength", "balance")
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_MATTERS = (
    "low spirits",
    "bad sleep",
    "losing heart",
    "colleagues I miss",
    "boredom",
    "doubts",
    "guilt",
    "tiredness",
    "old habits",
    "setbacks",
)


@dataclass(frozen=True)
class Speed:
    """Milliseconds that half of the searches, and 95 of 100, stayed within."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Report:
    """What was measured, and where. `passages` is None where a Qdrant server holds them."""

    passages: int | None
    cores: int
    cpu: str
    search: Speed
    filtered: Speed
    load_ms: float

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def table(self) -> str:
        """The same for people to read."""
        held = "a Qdrant server" if self.passages is None else f"{self.passages:,} passages, embedded"
        lines = [f"{held}; {self.cores} cores, {self.cpu}", f"{'':<17} p50 ms  p95 ms"]
        for name, speed in (("search", self.search), ("filtered search", self.filtered)):
            lines.append(f"{name:<17} {speed.p50_ms:6.1f}  {speed.p95_ms:6.1f}")
        return "\n".join([*lines, f"{'load of the index':<17} {self.load_ms:6.0f}"])


def write_generated(count: int, sample: Reading, embedder: Embedder, folder: IndexFolder) -> None:
    """Put an index of `count` passages into the folder: facts as in the sample, words drawn from all of its texts.

    They have the sample's questions. All vectors are drawn: how long a search takes does not depend on what they mean.
    """
    words = " ".join(passage.text for passage in sample.passages).split()
    draw = random.Random(_SEED)  # noqa: S311 (no secret)
    passages, said = list[Passage](), sayings.common()
    for number in range(count):
        like = sample.passages[number % len(sample.passages)]
        passage_id, text = f"{like.id}-{number}", " ".join(draw.choices(words, k=len(like.text.split())))
        passages.append(replace(like, id=passage_id, text=text))
        said += sayings.asked({passage_id: sample.questions.get(like.id, ())})
    size = embedder.embed([plain_query()]).shape[1]
    vectors = np.random.default_rng(_SEED).standard_normal((count + len(said), size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with folder.locked():
        folder.write(Index(embedder.model, passages, vectors[:count], (), said, vectors[count:]))


def measure(retriever: Retriever, passages: int | None, searches: int = 60) -> Report:
    """Load the index of a retriever that is still unused, then make so many searches of each kind, for 6 s at most.

    Raises:
        RagError: when there is no usable index, or Qdrant does not answer.
        openai.OpenAIError: when a query cannot be embedded.
    """
    start = time.perf_counter()
    retriever.ping()
    load_ms = (time.perf_counter() - start) * 1000
    return Report(
        passages,
        cores=os.cpu_count() or 1,
        cpu=_cpu(),
        search=_speed(retriever, searches, plain_query, COLLECTIONS),
        filtered=_speed(retriever, searches, filtered_query, ("activities",)),
        load_ms=round(load_ms, 1),
    )


# Queries are drawn anew in every run: a model server that has seen a text may answer from its cache.
def plain_query() -> str:
    """A question in whose words there is nothing to filter by."""
    first, second, third = random.sample(_MATTERS, 3)
    return f"What helps with {first}, {second} or {third}?"


def filtered_query() -> str:
    """A wish in whose words there are three filters: a kind of activity, a day and a price."""
    first, second = random.sample(_MATTERS, 2)
    kind, day = random.choice(_KINDS), random.choice(_DAYS)  # noqa: S311 (no secret)
    return f"Free {kind} on {day}, for {first} and {second}"


def _speed(retriever: Retriever, searches: int, draw: Callable[[], str], collections: tuple[str, ...]) -> Speed:
    times: list[float] = []
    while len(times) < _WARM_UP + searches and sum(times) < _SECONDS:
        text = draw()
        start = time.perf_counter()
        plan = retriever.plan(text, collections=collections)
        retriever.search(plan.query, plan)
        times.append(time.perf_counter() - start)
    p50, p95 = np.percentile(times[_WARM_UP:] or times, (50, 95)) * 1000
    return Speed(round(float(p50), 1), round(float(p95), 1))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
