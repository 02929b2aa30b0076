"""A tiny embedding model for these tests, and passages to try it on."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from rag.embedding import Embedder, Vectors
from rag.index import Index
from rag.passage import Passage

PASSAGES = [
    Passage("balance-01", "lessons", "Standing on one leg", "Stand behind a chair and lift one foot.", {"lesson": 2}),
    Passage("balance-02", "lessons", "Walking heel to toe", "Walk a line along the hallway.", {"lesson": 2}),
    Passage("activity-001", "activities", "Paddle basics", "Canoeing for beginners at the wharf.", {"cost": "Free"}),
    Passage(
        "home-exercise-001",
        "resources",
        "Seated march",
        "March with your knees while sitting on a chair.",
        {"position": "seated", "minutes": 5},
    ),
    Passage(
        "home-exercise-002",
        "resources",
        "Wall press",
        "Push away from the wall with both arms, ten times.",
        {"position": "standing", "minutes": 10, "source": ("A handbook", "A guideline")},
    ),
]


class WordEmbedder(Embedder):
    """Same words, same direction. `seen` holds every text that was embedded."""

    def __init__(self, model: str = "words") -> None:
        self.model = model
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        self.seen += texts
        rows = np.full((len(texts), 64), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace(".", "").replace(",", "").split():
                row[zlib.crc32(word.encode()) % 64] += 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    @contextmanager
    def opened(self) -> Iterator[Embedder]:
        """For `ingest`, which opens its embedder only when it needs one."""
        yield self


def index_of(passages: Sequence[Passage], model: str = "words") -> Index:
    vectors = WordEmbedder(model).embed([passage.embedded_text for passage in passages])
    return Index(model, passages, vectors)
