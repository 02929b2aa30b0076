from __future__ import annotations

from pathlib import Path

from rag import bench
from rag.build import open_retriever
from rag.index import IndexFolder
from rag.reading import read_folder
from rag.retriever import Retriever
from tests.unit.rag.rag_helpers import WordEmbedder

SAMPLE = read_folder(Path(__file__).parents[3] / "knowledge")


def retriever(folder: Path, count: int) -> Retriever:
    bench.write_generated(count, SAMPLE, WordEmbedder(), IndexFolder(folder))
    return open_retriever(embedder=WordEmbedder(), data_dir=folder, qdrant_url="", qdrant_api_key="")


def test_the_same_count_makes_the_same_passages_in_every_run(tmp_path: Path) -> None:
    versions = {}
    for name, count in (("one", 300), ("again", 300), ("more", 301)):
        bench.write_generated(count, SAMPLE, WordEmbedder(), IndexFolder(tmp_path / name))
        index = IndexFolder(tmp_path / name).load()
        assert len({passage.id for passage in index.passages}) == count
        assert {passage.collection for passage in index.passages} == {"lessons", "activities", "resources"}
        versions[name] = index.version
    assert versions["one"] == versions["again"] != versions["more"]


def test_the_two_kinds_of_query_differ_in_what_there_is_to_filter_by(tmp_path: Path) -> None:
    searched = retriever(tmp_path, 300)
    for _ in range(100):
        assert searched.plan(bench.plain_query()).wishes == ()
        wishes = searched.plan(bench.filtered_query(), collections=("activities",)).wishes
        assert {"cost", "day", "type"} <= {wish.kind for wish in wishes}


def test_a_run_reports_the_load_and_both_kinds_of_search(tmp_path: Path) -> None:
    report = bench.measure(retriever(tmp_path, 60), 60, searches=10)
    assert report.load_ms > 0
    for speed in (report.search, report.filtered):
        assert 0 < speed.p50_ms <= speed.p95_ms
    table = report.table()
    assert table.startswith(f"60 passages, embedded; {report.cores} cores, {report.cpu}\n")
    assert f"load of the index {report.load_ms:6.0f}" in table
