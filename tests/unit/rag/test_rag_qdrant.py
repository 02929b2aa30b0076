from __future__ import annotations

import socket
import warnings

import pytest
from qdrant_client import QdrantClient
from qdrant_client.common import client_warnings

from rag import layout, publishing, qdrant
from rag.conditions import Condition, Wish
from rag.errors import NoIndexError, QdrantError
from rag.passage import Hit
from rag.plan import Plan
from tests.unit.rag.rag_helpers import PASSAGES, WordEmbedder, index_of


@pytest.fixture
def client() -> QdrantClient:
    return QdrantClient(":memory:")


def search(store: qdrant.PassageStore, query: str, plan: Plan) -> list[Hit]:
    return store.search(query, WordEmbedder().embed([query])[0], plan)


def collections(client: QdrantClient) -> set[str]:
    names = (collection.name for collection in client.get_collections().collections)
    return {name for name in names if name.startswith(layout.ALIAS)}


def test_a_hit_is_the_whole_passage_with_its_cosine(client: QdrantClient) -> None:
    store = publishing.publish(client, index_of(PASSAGES))
    query = "Push away from the wall"
    best = search(store, query, Plan())[0]
    assert best.passage == PASSAGES[4]
    vectors = WordEmbedder().embed([query, PASSAGES[4].embedded_text])
    assert best.score == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-5)


def wish(kind: str, *conditions: Condition, negated: bool = False) -> Wish:
    return Wish(kind, conditions, negated)


SEATED = wish("position", Condition("position", any_of=("seated",)), negated=True)  # negated ones are never given up
NOT_SEATED = wish("position", Condition("position", none_of=("seated",)), negated=True)


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        (Plan(collections=("lessons",)), {"balance-01", "balance-02"}),
        (Plan(collections=("lessons", "activities")), {"balance-01", "balance-02", "activity-001"}),
        (Plan(collections=("resources",), wishes=(SEATED,)), {"home-exercise-001"}),
        (Plan(collections=("resources",), wishes=(NOT_SEATED,)), {"home-exercise-002"}),
        (Plan(wishes=(SEATED,)), {"balance-01", "balance-02", "home-exercise-001"}),
        (
            Plan(collections=("resources",), limit=2, wishes=(wish("minutes", Condition("minutes", at_most=10)),)),
            {"home-exercise-001", "home-exercise-002"},
        ),
        (
            Plan(collections=("resources",), limit=1, wishes=(wish("minutes", Condition("minutes", at_most=9)),)),
            {"home-exercise-001"},
        ),
        (
            Plan(collections=("resources",), limit=1, wishes=(wish("minutes", Condition("minutes", at_least=6)),)),
            {"home-exercise-002"},
        ),
    ],
)
def test_filters_decide_what_can_be_found(client: QdrantClient, plan: Plan, found: set[str]) -> None:
    store = publishing.publish(client, index_of(PASSAGES))
    assert {hit.passage.id for hit in search(store, "chair", plan)} == found


def test_filters_are_applied_inside_the_query_and_not_to_its_best_few(client: QdrantClient) -> None:
    store = publishing.publish(client, index_of(PASSAGES))
    plan = Plan(collections=("activities",), limit=1)
    assert [hit.passage.id for hit in search(store, "stand behind a chair", plan)] == ["activity-001"]


def test_a_word_that_meaning_misses_still_lifts_its_passage(client: QdrantClient) -> None:
    store = publishing.publish(client, index_of(PASSAGES))
    elsewhere = WordEmbedder().embed(["hallway line"])[0]  # as if the model took the question for another
    alone = [hit.passage.id for hit in store.search("?", elsewhere, Plan())]
    with_words = [hit.passage.id for hit in store.search("canoeing", elsewhere, Plan())]
    assert with_words.index("activity-001") < alone.index("activity-001")


def test_the_alias_names_the_newest_version_and_one_older_is_kept(client: QdrantClient) -> None:
    indexes = [index_of(PASSAGES[:count]) for count in (2, 3, 4)]
    held = [publishing.publish(client, index) for index in indexes]
    newest = qdrant.served(client)
    assert (newest.version, newest.model) == (indexes[-1].version, "words")
    assert collections(client) == {f"{layout.ALIAS}-{index.version}" for index in indexes[1:]}
    assert len(search(held[1], "chair", Plan())) == 3  # a reader of the version before goes on


def test_publishing_the_same_version_again_uploads_nothing(
    client: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing.publish(client, index_of(PASSAGES))
    monkeypatch.delattr(QdrantClient, "upsert")
    assert publishing.publish(client, index_of(PASSAGES)).version == index_of(PASSAGES).version


def test_a_failed_upload_leaves_the_version_before_in_use_and_is_repeated_whole(
    client: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = index_of(PASSAGES[:2]), index_of(PASSAGES)
    publishing.publish(client, old)
    with monkeypatch.context() as patch:
        patch.setattr(QdrantClient, "upsert", lambda *_, **__: (_ for _ in ()).throw(ConnectionError))
        with pytest.raises(ConnectionError):
            publishing.publish(client, new)
    assert qdrant.served(client).version == old.version
    publishing.publish(client, new)
    assert len(search(qdrant.served(client), "chair", Plan())) == len(PASSAGES)


def test_nothing_published_is_no_index(client: QdrantClient) -> None:
    with pytest.raises(NoIndexError):
        qdrant.served(client)


def test_publishing_warns_about_nothing(client: QdrantClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_warnings, "SEEN_MESSAGES", set())  # each warning is shown once a process
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        publishing.publish(client, index_of(PASSAGES))


def test_a_server_that_is_away_is_an_error_that_may_pass(unused_url: str) -> None:
    client = QdrantClient(url=unused_url, check_compatibility=False)
    with pytest.raises(QdrantError, match="QDRANT_URL") as caught:
        qdrant.PassageStore(client, "1", "words", ()).ping()
    assert not caught.value.permanent


@pytest.fixture
def unused_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
