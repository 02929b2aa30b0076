from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from rag import publishing
from rag.build import follow_server, open_retriever
from rag.errors import ModelMismatchError, NoIndexError, QdrantError
from rag.index import Index, IndexFolder
from rag.passage import Passage
from rag.plan import Plan
from rag.qdrant import PassageStore
from rag.retriever import Retriever
from tests.unit.rag.rag_helpers import PASSAGES, WordEmbedder, index_of

THREADS = 200  # a worker process has as many
NEW = Passage("tai-chi-01", "lessons", "Tai chi", "Slow movements in the park.")


def write(data_dir: Path, index: Index) -> None:
    folder = IndexFolder(data_dir)
    with folder.locked():
        folder.write(index)


def opened(data_dir: Path, embedder: WordEmbedder | None = None, check_every: float = 0) -> Retriever:
    return open_retriever(
        embedder=embedder or WordEmbedder(),
        data_dir=data_dir,
        qdrant_url="",
        qdrant_api_key="",
        check_every=check_every,
    )


def titles(retriever: Retriever, query: str) -> list[str]:
    return [hit.passage.title for hit in retriever.search(query, Plan())]


def test_the_best_passage_comes_first_and_the_query_is_embedded_once(tmp_path: Path) -> None:
    write(tmp_path, index_of(PASSAGES))
    embedder = WordEmbedder()
    hits = opened(tmp_path, embedder).search("walk heel to toe", Plan(limit=3))
    assert [hits[0].passage.id, len(hits)] == ["balance-02", 3]
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert embedder.seen == ["walk heel to toe"]


def test_a_blank_query_finds_nothing_and_embeds_nothing(tmp_path: Path) -> None:
    write(tmp_path, index_of(PASSAGES))
    embedder = WordEmbedder()
    assert opened(tmp_path, embedder).search(" \n", Plan()) == []
    assert embedder.seen == []


def test_without_an_index_search_and_ping_say_what_to_run_until_it_is_there(tmp_path: Path) -> None:
    retriever = opened(tmp_path)
    for call in (retriever.ping, lambda: retriever.search("chair", Plan())):
        with pytest.raises(NoIndexError, match="python -m rag ingest"):
            call()
    write(tmp_path, index_of(PASSAGES))
    retriever.ping()


def test_a_new_version_is_picked_up_without_a_restart(tmp_path: Path) -> None:
    write(tmp_path, index_of(PASSAGES))
    retriever = opened(tmp_path)
    assert "Tai chi" not in titles(retriever, "tai chi")
    write(tmp_path, index_of([*PASSAGES, NEW]))
    assert titles(retriever, "tai chi")[0] == "Tai chi"


def test_between_two_looks_the_version_held_is_searched(tmp_path: Path) -> None:
    write(tmp_path, index_of(PASSAGES))
    retriever = opened(tmp_path, check_every=3600)
    retriever.ping()
    write(tmp_path, index_of([*PASSAGES, NEW]))
    assert "Tai chi" not in titles(retriever, "tai chi")


def test_an_index_of_another_model_is_refused(tmp_path: Path) -> None:
    write(tmp_path, index_of(PASSAGES, "another-model"))
    with pytest.raises(ModelMismatchError, match=r"another-model.*words.*python -m rag ingest"):
        opened(tmp_path).search("chair", Plan())


@pytest.mark.parametrize("spoil", ["other model", "damage"])
def test_a_version_that_cannot_be_used_leaves_the_held_one_serving(tmp_path: Path, spoil: str) -> None:
    write(tmp_path, index_of(PASSAGES))
    retriever = opened(tmp_path)
    retriever.ping()
    write(tmp_path, new := index_of([*PASSAGES, NEW], "another-model" if spoil == "other model" else "words"))
    if spoil == "damage":
        (tmp_path / "index" / f"{new.version}.npz").write_bytes(b"")
    assert len(titles(retriever, "chair")) == len(PASSAGES)


def test_many_threads_search_while_versions_change(tmp_path: Path) -> None:
    old, new = index_of(PASSAGES), index_of([*PASSAGES, NEW])
    write(tmp_path, old)
    retriever = opened(tmp_path)
    start = threading.Barrier(THREADS + 1)

    def work(_: int) -> list[int]:
        start.wait(10)
        return [len(retriever.search("chair", Plan(limit=10))) for _ in range(3)]

    with ThreadPoolExecutor(THREADS) as pool:
        runs = pool.map(work, range(THREADS))
        start.wait(10)
        write(tmp_path, new)
        counts = {count for run in runs for count in run}
    assert counts <= {len(PASSAGES), len(PASSAGES) + 1}  # each search saw one version, whole
    assert len(retriever.search("chair", Plan(limit=10))) == len(PASSAGES) + 1


def test_a_shared_qdrant_is_followed_by_its_alias() -> None:
    client = QdrantClient(":memory:")  # stands for a server, which this process shares with the one that ingests
    publishing.publish(client, index_of(PASSAGES))
    retriever = Retriever(WordEmbedder(), follow_server(client), check_every=0)
    assert "Tai chi" not in titles(retriever, "tai chi")
    publishing.publish(client, index_of([*PASSAGES, NEW]))
    assert titles(retriever, "tai chi")[0] == "Tai chi"


def test_a_server_that_is_away_fails_every_waiting_search_after_one_look() -> None:
    looks = []

    def away(_: str | None) -> PassageStore | None:
        looks.append(1)
        raise QdrantError("away")

    retriever = Retriever(WordEmbedder(), away, check_every=3600)
    for _ in range(3):
        with pytest.raises(QdrantError):
            retriever.search("chair", Plan())
    assert len(looks) == 1
