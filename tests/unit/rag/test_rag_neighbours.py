from __future__ import annotations

import numpy as np
import pytest

from rag.neighbours import with_neighbours
from rag.passage import Passage


def passage(number: int, document: str = "L", collection: str = "lessons") -> Passage:
    return Passage(f"{document}-{number}", collection, "t", "x", {"document": document, "number": number})


def test_a_slide_moves_towards_the_slides_beside_it_and_not_towards_others() -> None:
    vectors = np.eye(4, dtype=np.float32)
    mixed = with_neighbours([passage(1), passage(2), passage(3), passage(1, "M")], vectors)
    assert mixed[1, 0] == pytest.approx(mixed[1, 2])
    assert 0 < mixed[1, 0] < mixed[1, 1]
    assert mixed[0, 2] == 0  # two slides away
    np.testing.assert_allclose(mixed[3], vectors[3], atol=1e-6)  # another lesson
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1, rtol=1e-5)


def test_activities_and_resources_stay_as_they_are() -> None:
    vectors = np.eye(3, dtype=np.float32)
    passages = [passage(number, collection="activities") for number in range(3)]
    np.testing.assert_allclose(with_neighbours(passages, vectors), vectors, atol=1e-6)
