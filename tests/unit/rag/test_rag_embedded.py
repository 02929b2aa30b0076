"""The embedded store's own loops give what the client's give, and are the ones in use."""

from __future__ import annotations

import random
import warnings
from uuid import UUID

import numpy as np
import pytest
from qdrant_client import models
from qdrant_client.http.models import FieldCondition, Filter, HasIdCondition, MatchValue, SparseVector
from qdrant_client.local import payload_filters, sparse_distances
from qdrant_client.local.payload_filters import calculate_payload_mask
from qdrant_client.local.sparse_distances import calculate_distance_sparse

from rag.embedded import embedded_qdrant, mask, word_scores

POINTS: list[int | str | UUID] = [f"p{number}" for number in range(6)]
PAYLOADS = [{"day": "monday" if number % 2 else "friday"} for number in range(6)]


@pytest.mark.parametrize("empty_is_zero", [True, False])
def test_words_weigh_as_the_client_weighs_them(empty_is_zero: bool) -> None:
    draw = random.Random(3)  # noqa: S311 (no secret)

    def vector(size: int) -> SparseVector:
        return SparseVector(indices=sorted(draw.sample(range(40), size)), values=[draw.random() for _ in range(size)])

    query, passages = vector(6), [vector(size) for size in (0, 1, 2, 5, 20, 40)]
    theirs = calculate_distance_sparse(query, passages, empty_is_zero)
    assert len(set(theirs)) > 3
    np.testing.assert_allclose(word_scores(query, passages, empty_is_zero), theirs, rtol=1e-6)


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        Filter(must=[HasIdCondition(has_id=["p1", "p4"])]),
        Filter(must_not=[HasIdCondition(has_id=["p1", "p4"])]),
        Filter(must=[HasIdCondition(has_id=["p1", "p4"])], must_not=[HasIdCondition(has_id=["p4"])]),
        Filter(must=[FieldCondition(key="day", match=MatchValue(value="monday"))]),
    ],
)
def test_a_filter_lets_through_what_the_client_lets_through(wanted: Filter | None) -> None:
    theirs = calculate_payload_mask(PAYLOADS, wanted, POINTS, {})
    assert mask(PAYLOADS, wanted, POINTS, {}).tolist() == theirs.tolist()


def test_the_client_searches_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    client = embedded_qdrant()
    client.create_collection("some", sparse_vectors_config={"words": models.SparseVectorParams()})
    query, one = (SparseVector(indices=[1], values=[value]) for value in (2.0, 3.0))
    client.upsert("some", [models.PointStruct(id=number, vector={"words": one}) for number in (1, 2)])
    wanted = Filter(must=[HasIdCondition(has_id=[2])])
    # The client's own loops are out of use.
    monkeypatch.setattr(sparse_distances, "sparse_dot_product", None)
    monkeypatch.setattr(payload_filters, "check_filter", None)
    [found] = client.query_points("some", query, using="words", query_filter=wanted).points
    assert (found.id, found.score) == (2, 6.0)


def test_nobody_is_told_twice_that_a_server_is_better_for_many() -> None:
    with warnings.catch_warnings(record=True) as seen:
        embedded_qdrant()
        warnings.warn("Local mode is not recommended for collections with more than 20,000 points.", stacklevel=1)
    assert seen == []
