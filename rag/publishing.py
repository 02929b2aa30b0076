"""A version of the index into Qdrant, whole or not at all."""

from __future__ import annotations

from collections import defaultdict

from qdrant_client import QdrantClient, models

from rag import lexical, neighbours
from rag.index import Index
from rag.layout import (
    ALIAS,
    DENSE,
    SAYINGS,
    WORDS,
    aliased,
    collection_name,
    errors_translated,
    point_id,
    sayings_name,
    sparse,
)
from rag.qdrant import PassageStore

_UPSERT_BATCH = 256


def publish(client: QdrantClient, index: Index) -> PassageStore:
    """Upload the index under its version, then swap the alias. A failure leaves the version before in use.

    The version before is kept, so that readers which have not noticed yet go on; older ones are removed.

    Raises:
        QdrantError: when the server does not answer.
    """
    name = collection_name(index.version)
    with errors_translated():
        before = aliased(client)
        if before != name:
            for left in (name, sayings_name(index.version)):  # what a failed upload may have left
                client.delete_collection(left)
            _upload_passages(client, name, index)
            _upload_sayings(client, sayings_name(index.version), index)
            # One step for the server; deleting an alias that is not there is none.
            client.update_collection_aliases(
                [
                    models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=ALIAS)),
                    models.CreateAliasOperation(
                        create_alias=models.CreateAlias(collection_name=name, alias_name=ALIAS)
                    ),
                ]
            )
            kept = [kind + whole.removeprefix(ALIAS) for whole in (name, before or name) for kind in (ALIAS, SAYINGS)]
            for collection in client.get_collections().collections:
                if collection.name.startswith((f"{ALIAS}-", f"{SAYINGS}-")) and collection.name not in kept:
                    client.delete_collection(collection.name)
    return PassageStore(client, index.version, index.model, index.passages, index.sayings)


def _upload_passages(client: QdrantClient, name: str, index: Index) -> None:
    client.create_collection(
        name,
        vectors_config={DENSE: _vectors_of(index)},
        sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        metadata={"embedding_model": index.model},
    )
    questions = defaultdict[str, list[str]](list)
    for saying in index.sayings:
        questions[saying.passage].append(saying.text)
    texts = ["\n".join([passage.embedded_text, *questions[passage.id]]) for passage in index.passages]
    lengths = [len(lexical.words(text)) for text in texts]
    average_length = sum(lengths) / len(lengths)
    vectors = neighbours.with_neighbours(index.passages, index.vectors)
    for start in range(0, len(index.passages), _UPSERT_BATCH):
        rows = slice(start, start + _UPSERT_BATCH)
        points = [
            models.PointStruct(
                id=point_id(passage.id),
                vector={DENSE: vector.tolist(), WORDS: sparse(lexical.document_weights(text, average_length))},
                payload=passage.as_dict(),
            )
            for passage, text, vector in zip(index.passages[rows], texts[rows], vectors[rows], strict=True)
        ]
        client.upsert(name, points)


def _upload_sayings(client: QdrantClient, name: str, index: Index) -> None:
    client.create_collection(name, _vectors_of(index))
    points = [
        models.PointStruct(id=number, vector=vector.tolist(), payload=saying.as_dict())
        for number, (saying, vector) in enumerate(zip(index.sayings, index.said, strict=True))
    ]
    for start in range(0, len(points), _UPSERT_BATCH):
        client.upsert(name, points[start : start + _UPSERT_BATCH])


def _vectors_of(index: Index) -> models.VectorParams:
    # All have length 1, so the dot product is the cosine; asked for the cosine, the embedded client measures the length
    # of every vector in every search.
    return models.VectorParams(size=index.vectors.shape[1], distance=models.Distance.DOT)
