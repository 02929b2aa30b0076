"""How a version lies in Qdrant: a collection of passages, one of sayings, and an alias for the one in use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from rag.errors import QdrantError

ALIAS = "coach-passages"
SAYINGS = "coach-sayings"
DENSE, WORDS = "dense", "words"  # the two vectors of a passage


def collection_name(version: str) -> str:
    """Where the passages of a version are."""
    return f"{ALIAS}-{version}"


def sayings_name(version: str) -> str:
    """Where the sayings of a version are."""
    return f"{SAYINGS}-{version}"


def aliased(client: QdrantClient) -> str | None:
    """The collection of passages that is in use."""
    aliases = client.get_aliases().aliases
    return next((alias.collection_name for alias in aliases if alias.alias_name == ALIAS), None)


def point_id(passage_id: str) -> str:
    """Qdrant takes numbers and UUIDs only."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, passage_id))


def sparse(weights: dict[int, float]) -> models.SparseVector:
    """Weights by dimension, as Qdrant takes them."""
    return models.SparseVector(indices=list(weights), values=list(weights.values()))


@contextmanager
def errors_translated() -> Iterator[None]:
    """Whatever the client raises in the block becomes a QdrantError."""
    try:
        yield
    except (ApiException, QdrantException) as error:
        raise QdrantError("The Qdrant server does not answer as it should. Check QDRANT_URL and its log.") from error
