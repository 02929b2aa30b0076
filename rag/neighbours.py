"""A slide is seldom read alone: each lesson passage is embedded a little like those before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rag.embedding import Vectors
from rag.passage import Passage

_SHARE = 0.2  # of the neighbours


def with_neighbours(passages: Sequence[Passage], vectors: Vectors) -> Vectors:
    """The rows of `vectors` (length 1, one a passage), moved towards the neighbours' in the same lesson; length 1."""
    near = np.zeros_like(vectors)
    for at, (one, next_one) in enumerate(pairwise(passages)):
        document = one.metadata.get("document")
        if one.collection == next_one.collection == "lessons" and document == next_one.metadata.get("document"):
            near[at] += vectors[at + 1]
            near[at + 1] += vectors[at]
    length = np.linalg.norm(near, axis=1, keepdims=True)
    near = np.where(length > 0, near / np.maximum(length, 1e-9), vectors)
    mixed = (1 - _SHARE) * vectors + _SHARE * near
    rows: Vectors = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return rows
