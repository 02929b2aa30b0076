"""What sayings and questions do to a search, in a real embedded Qdrant."""

from __future__ import annotations

import pytest
from qdrant_client import QdrantClient

from rag import publishing, qdrant
from rag.index import Index
from rag.passage import Hit, Passage
from rag.plan import Plan
from rag.sayings import Saying
from tests.unit.rag.rag_helpers import PASSAGES, WordEmbedder


def publish(client: QdrantClient, *sayings: Saying, passages: list[Passage] = PASSAGES) -> qdrant.PassageStore:
    embedder = WordEmbedder()
    vectors = embedder.embed([passage.embedded_text for passage in passages])
    said = embedder.embed([saying.text for saying in sayings]) if sayings else vectors[:0]
    return publishing.publish(client, Index("words", passages, vectors, sayings=sayings, said=said))


def found(store: qdrant.PassageStore, query: str, plan: Plan | None = None) -> list[str]:
    hits: list[Hit] = store.search(query, WordEmbedder().embed([query])[0], plan or Plan())
    return [hit.passage.id for hit in hits]


def test_a_passage_is_found_by_a_question_that_it_answers() -> None:
    query = "nobody ever pushes zirconium round here"
    before = found(publish(QdrantClient(":memory:")), query)
    question = Saying("nobody pushes zirconium round", passage="home-exercise-002")
    after = found(publish(QdrantClient(":memory:"), question), query)
    assert before[0] != "home-exercise-002" == after[0]


def test_a_question_does_not_get_its_passage_past_a_filter() -> None:
    question = Saying("zirconium", passage="home-exercise-002")
    store = publish(QdrantClient(":memory:"), question)
    assert "home-exercise-002" not in found(store, "zirconium", Plan(collections=("lessons",)))


def test_a_saying_near_to_the_query_searches_by_the_words_of_its_topic() -> None:
    query = "zirconium all day"
    plain = found(publish(QdrantClient(":memory:")), query)
    led = found(publish(QdrantClient(":memory:"), Saying("zirconium day", words="canoeing, wharf")), query)
    assert led.index("activity-001") < plain.index("activity-001")


def test_the_sayings_of_old_versions_go_with_their_passages() -> None:
    client = QdrantClient(":memory:")
    versions = [publish(client, passages=PASSAGES[:count]).version for count in (2, 3, 4)]
    names = {collection.name for collection in client.get_collections().collections}
    assert names == {f"coach-{kind}-{version}" for kind in ("passages", "sayings") for version in versions[1:]}


def test_the_same_search_is_done_once_for_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    client = QdrantClient(":memory:")
    store = publish(client)
    first = found(store, "one foot")
    monkeypatch.setattr(client, "query_batch_points", None)
    assert found(store, "one foot") == first
    with pytest.raises(TypeError):
        found(store, "one foot", Plan(limit=2))
