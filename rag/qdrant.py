"""Passages in Qdrant: a collection per index version, and an alias that names the one in use.

The same code serves `QdrantClient(":memory:")` and a server. The search is hybrid: candidates by meaning (dense
vectors) and by words (BM25 as sparse vectors) are fused inside Qdrant, filters apply to both.
"""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from rag import lexical
from rag.embedding import Vectors
from rag.errors import NoIndexError, QdrantError
from rag.index import Index
from rag.passage import COLLECTIONS, Hit, Passage
from rag.plan import Plan

ALIAS = "coach-passages"
_DENSE, _WORDS = "dense", "words"
_UPSERT_BATCH = 256
_CANDIDATES = 40  # from each of the two searches, at least
# Cosine plus a tenth of the mean BM25 weight of the query's words. On 66 queries that share few words with their
# answers (502 passages) this gave MRR .56 and nDCG .44; meaning alone .55 and .41; fusion by rank .55 and .42 at best.
_FUSION = models.SumExpression(sum=["$score[0]", models.MultExpression(mult=[0.1, "$score[1]"])])
_NOT_FOUND = {"$score[0]": 0.0, "$score[1]": 0.0}  # the score of a candidate that only the other search found
_INDEXED = {
    "collection": models.PayloadSchemaType.KEYWORD,
    "metadata.lesson": models.PayloadSchemaType.INTEGER,
    "metadata.type": models.PayloadSchemaType.KEYWORD,
    "metadata.intensity": models.PayloadSchemaType.KEYWORD,
    "metadata.position": models.PayloadSchemaType.KEYWORD,
    "metadata.minutes": models.PayloadSchemaType.INTEGER,
}


class PassageStore:
    """One version of the passages in Qdrant. Safe to share between threads."""

    def __init__(self, client: QdrantClient, version: str, model: str) -> None:
        self._client = client
        self.version = version
        self.model = model

    def search(self, query: str, vector: Vectors, plan: Plan) -> list[Hit]:
        """Find the passages nearest to the query's vector (length 1) and words, best first.

        Raises:
            QdrantError: when the server does not answer.
        """
        candidates, conditions = max(_CANDIDATES, plan.limit), _filter(plan)
        prefetch = [models.Prefetch(query=vector.tolist(), using=_DENSE, filter=conditions, limit=candidates)]
        if weights := lexical.query_weights(query):
            prefetch.append(models.Prefetch(query=_sparse(weights), using=_WORDS, filter=conditions, limit=candidates))
        with _errors_translated():
            found = self._client.query_points(
                _collection_name(self.version),
                prefetch=prefetch,
                query=models.FormulaQuery(formula=_FUSION, defaults=_NOT_FOUND),
                limit=plan.limit,
                with_vectors=[_DENSE],
            ).points
        return [_hit(point, vector) for point in found]

    def ping(self) -> None:
        """Return when the passages can be searched.

        Raises:
            QdrantError: when the server does not answer or no longer has this version.
        """
        with _errors_translated():
            self._client.get_collection(_collection_name(self.version))


def served(client: QdrantClient) -> PassageStore:
    """The version that the alias names.

    Raises:
        NoIndexError: when nothing has been published.
        QdrantError: when the server does not answer.
    """
    with _errors_translated():
        name = _aliased(client)
        if name is None:
            raise NoIndexError
        metadata = client.get_collection(name).config.metadata or {}
    return PassageStore(client, name.removeprefix(f"{ALIAS}-"), str(metadata.get("embedding_model")))


def publish(client: QdrantClient, index: Index) -> PassageStore:
    """Upload the index under its version, then swap the alias. A failure leaves the version before in use.

    The version before is kept, so that readers which have not noticed yet go on; older ones are removed.

    Raises:
        QdrantError: when the server does not answer.
    """
    name = _collection_name(index.version)
    with _errors_translated():
        before = _aliased(client)
        if before != name:
            client.delete_collection(name)  # what a failed upload may have left
            _create(client, name, index)
            _upload(client, name, index)
            # One step for the server; deleting an alias that is not there is none.
            client.update_collection_aliases(
                [
                    models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=ALIAS)),
                    models.CreateAliasOperation(
                        create_alias=models.CreateAlias(collection_name=name, alias_name=ALIAS)
                    ),
                ]
            )
            for collection in client.get_collections().collections:
                if collection.name.startswith(f"{ALIAS}-") and collection.name not in (name, before):
                    client.delete_collection(collection.name)
    return PassageStore(client, index.version, index.model)


def _create(client: QdrantClient, name: str, index: Index) -> None:
    client.create_collection(
        name,
        vectors_config={_DENSE: models.VectorParams(size=index.vectors.shape[1], distance=models.Distance.COSINE)},
        sparse_vectors_config={_WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        metadata={"embedding_model": index.model},
    )
    with warnings.catch_warnings():
        # The embedded client says that it does without payload indexes; it gets them so that there is one code path.
        warnings.filterwarnings("ignore", message="Payload indexes have no effect")
        for field, schema in _INDEXED.items():
            client.create_payload_index(name, field, schema)


def _upload(client: QdrantClient, name: str, index: Index) -> None:
    lengths = [len(lexical.words(passage.embedded_text)) for passage in index.passages]
    average_length = sum(lengths) / len(lengths)
    for start in range(0, len(index.passages), _UPSERT_BATCH):
        rows = slice(start, start + _UPSERT_BATCH)
        points = [
            models.PointStruct(
                id=str(uuid.uuid5(uuid.NAMESPACE_URL, passage.id)),  # Qdrant takes numbers and UUIDs only
                vector={
                    _DENSE: vector.tolist(),
                    _WORDS: _sparse(lexical.document_weights(passage.embedded_text, average_length)),
                },
                payload=passage.as_dict(),
            )
            for passage, vector in zip(index.passages[rows], index.vectors[rows], strict=True)
        ]
        client.upsert(name, points)


def _filter(plan: Plan) -> models.Filter | None:
    conditions: list[models.Condition] = []
    if set(plan.collections) != set(COLLECTIONS):  # the embedded client walks every payload for a filter
        conditions.append(models.FieldCondition(key="collection", match=models.MatchAny(any=list(plan.collections))))
    for field, value in plan.equals.items():
        conditions.append(models.FieldCondition(key=f"metadata.{field}", match=models.MatchValue(value=value)))
    for field, most in plan.at_most.items():
        conditions.append(models.FieldCondition(key=f"metadata.{field}", range=models.Range(lte=most)))
    return models.Filter(must=conditions) if conditions else None


def _hit(point: models.ScoredPoint, vector: Vectors) -> Hit:
    # The fused score ranks but means nothing to a reader, so the cosine is shown.
    vectors = cast(Mapping[str, list[float]], point.vector)
    cosine = float(np.dot(np.asarray(vectors[_DENSE], dtype=np.float32), vector))
    return Hit(Passage.from_dict(point.payload or {}), min(1.0, max(0.0, cosine)))


def _sparse(weights: dict[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(weights), values=list(weights.values()))


def _collection_name(version: str) -> str:
    return f"{ALIAS}-{version}"


def _aliased(client: QdrantClient) -> str | None:
    aliases = client.get_aliases().aliases
    return next((alias.collection_name for alias in aliases if alias.alias_name == ALIAS), None)


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except (ApiException, QdrantException) as error:
        raise QdrantError("The Qdrant server does not answer as it should. Check QDRANT_URL and its log.") from error
