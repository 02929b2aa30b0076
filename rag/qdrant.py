"""The search in one version of the passages in Qdrant.

The same code serves the embedded client (`rag.embedded`) and a server. The search is hybrid: candidates come by meaning
(dense vectors) and by words (BM25 as sparse vectors), filters apply to both inside Qdrant, `rag.ranking` puts them in
order. A second collection holds sayings (`rag.sayings`), which are found by meaning alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import cast

import numpy as np
from qdrant_client import QdrantClient, models

from rag import lexical, ranking, wording
from rag.catalogue import Catalogue
from rag.embedding import Vectors
from rag.errors import NoIndexError
from rag.layout import (
    ALIAS,
    DENSE,
    WORDS,
    aliased,
    collection_name,
    errors_translated,
    point_id,
    sayings_name,
    sparse,
)
from rag.lessons import lessons_of
from rag.passage import Hit, Passage
from rag.places import Places
from rag.plan import Plan
from rag.recent import Recent
from rag.sayings import Saying

_CANDIDATES = 100  # from each of the two searches, at least
_SAYINGS_NEAR = 40
_REMEMBERED = 256  # results
_PAGE = 256  # points a request


class PassageStore:
    """One version of the passages in Qdrant. Safe to share between threads."""

    def __init__(
        self,
        client: QdrantClient,
        version: str,
        model: str,
        passages: Sequence[Passage],
        sayings: Sequence[Saying] = (),
    ) -> None:
        self._client = client
        self.version = version
        self.model = model
        self.places = Places.of(passages)
        self.lessons = lessons_of(passages)
        self._catalogue = Catalogue(passages)
        self._points = {passage.id: point_id(passage.id) for passage in passages}
        self._passages = {self._points[passage.id]: passage for passage in passages}
        self._sayings = sayings
        self._vocabulary = wording.vocabulary(passages)
        self._stems = frozenset(map(lexical.stem, self._vocabulary))
        self._recent = Recent[list[Hit]](_REMEMBERED)

    def understood(self, text: str) -> str:
        """What to embed and search for: English, spelled as the programme spells (`rag.wording`)."""
        return wording.understood(text, self._vocabulary)

    def search(self, query: str, vector: Vectors, plan: Plan) -> list[Hit]:
        """Find the passages nearest to the query's vector (length 1) and words, best first.

        Raises:
            QdrantError: when the server does not answer.
        """
        return self._recent.get(f"{query}\n{plan!r}", lambda: self._search(query, vector, plan))

    def _search(self, query: str, vector: Vectors, plan: Plan) -> list[Hit]:
        with errors_translated():
            near = self._sayings_near(vector)
            related = ranking.related_words(query, near)
            useful = {word: weight for word, weight in related.items() if word in self._stems}
            words = lexical.query_weights(query, useful)
            levels = self._catalogue.levels(plan)
            found = [hit for ids in levels for hit in self._best(vector, words, near, ids, plan.limit)]
        found = [replace(hit, relaxed=self._catalogue.unmet(hit.passage.id, plan)) for hit in found]
        # Those that meet more come first; of equals, what was found sooner gave up the less important wish.
        return sorted(found, key=lambda hit: len(hit.relaxed))[: plan.limit]

    def _best(
        self, vector: Vectors, words: dict[int, float], near: list[tuple[Saying, float]], ids: Set[str], limit: int
    ) -> list[Hit]:
        """The best of these passages."""
        only, candidates = self._filter(ids), max(_CANDIDATES, limit)
        requests = [models.QueryRequest(query=vector.tolist(), using=DENSE, filter=only, limit=candidates)]
        if words:
            requests.append(models.QueryRequest(query=sparse(words), using=WORDS, filter=only, limit=candidates))
        answers = self._client.query_batch_points(collection_name(self.version), requests)
        by_meaning, *rest = ({str(point.id): point.score for point in answer.points} for answer in answers)
        by_words = rest[0] if rest else {}
        by_questions = {self._points.get(said.passage, ""): cosine for said, cosine in reversed(near) if said.passage}
        best = ranking.fused(by_meaning, by_words, by_questions)[:limit]
        found = self._client.retrieve(collection_name(self.version), best, with_payload=False, with_vectors=[DENSE])
        return [self._hit(point, vector) for point in sorted(found, key=lambda point: best.index(str(point.id)))]

    def _hit(self, point: models.Record, vector: Vectors) -> Hit:
        # The fused score ranks but means nothing to a reader, so the cosine is shown.
        vectors = cast(Mapping[str, list[float]], point.vector)
        cosine = float(np.dot(np.asarray(vectors[DENSE], dtype=np.float32), vector))
        return Hit(self._passages[str(point.id)], min(1.0, max(0.0, cosine)))

    def _filter(self, ids: Set[str]) -> models.Filter | None:
        """Only these passages: whichever list is shorter, theirs or that of all others, decides."""
        others = self._catalogue.ids - ids
        few = min(ids, others, key=len)
        listed = models.HasIdCondition(has_id=[self._points[passage_id] for passage_id in sorted(few)])
        if not others:
            return None
        return models.Filter(must=[listed]) if few is ids else models.Filter(must_not=[listed])

    def _sayings_near(self, vector: Vectors) -> list[tuple[Saying, float]]:
        found = self._client.query_points(
            sayings_name(self.version), vector.tolist(), limit=_SAYINGS_NEAR, with_payload=False
        ).points
        return [(self._sayings[int(point.id)], point.score) for point in found]

    def ping(self) -> None:
        """Return when the passages can be searched.

        Raises:
            QdrantError: when the server does not answer or no longer has this version.
        """
        with errors_translated():
            self._client.get_collection(collection_name(self.version))


def served(client: QdrantClient) -> PassageStore:
    """The version that the alias names.

    Raises:
        NoIndexError: when nothing has been published.
        QdrantError: when the server does not answer.
    """
    with errors_translated():
        name = aliased(client)
        if name is None:
            raise NoIndexError
        metadata = client.get_collection(name).config.metadata or {}
        version = name.removeprefix(f"{ALIAS}-")
        passages = [Passage.from_dict(payload) for payload in _payloads(client, name)]
        sayings = [Saying.from_dict(payload) for payload in _payloads(client, sayings_name(version))]
    return PassageStore(client, version, str(metadata.get("embedding_model")), passages, sayings)


def _payloads(client: QdrantClient, name: str) -> Iterator[models.Payload]:
    """Of all points of a collection, by their ids."""
    points, page = client.scroll(name, limit=_PAGE)
    yield from (point.payload or {} for point in points)
    while page is not None:
        points, page = client.scroll(name, limit=_PAGE, offset=page)
        yield from (point.payload or {} for point in points)
