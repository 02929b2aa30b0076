"""`python -m rag` as a person runs it, with the real embedding model behind the real `openai` client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from offline.process import started
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.plan import Plan
from rag.retriever import Retriever

ROOT = Path(__file__).parents[3]
MODEL = "all-minilm-l6-v2"
LESSON = "---\nid: chairs\ntitle: T\ncollection: lessons\n---\n\n## Chair exercises\nYou can march while you sit.\n"
BROKEN_TABLE = (
    "name,what,where,when,cost,notes\nPier Walk,Walking,The pier,Mondays,Free,\nNowhere,Walking,,Mondays,Free,\n"
)


def rag(data_dir: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own, with none of this machine's settings."""
    data_dir.mkdir(exist_ok=True)
    return subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "rag", *arguments],
        cwd=data_dir,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with started() as url:
        yield url


@pytest.fixture
def data_dir(tmp_path: Path, model_url: str) -> Path:
    """A data folder that says where the embedded models listen, as under `make run`."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "stack.env").write_text(f"OPENAI_BASE_URL={model_url}\n")
    return folder


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the index of the sample programme, made by a command that starts the models it needs."""
    folder = tmp_path_factory.mktemp("programme")
    done = rag(folder, "ingest")
    assert done.returncode == 0, done.stderr
    assert "README.md" in done.stderr
    return folder


@pytest.fixture(scope="module")
def retriever(programme: Path, model_url: str) -> Retriever:
    embedder = Embedder(openai.OpenAI(api_key="offline", base_url=model_url, timeout=30), MODEL)
    return open_retriever(embedder=embedder, data_dir=programme, qdrant_url="", qdrant_api_key="")


def test_the_sample_programme_is_read_whole(programme: Path) -> None:
    index = IndexFolder(programme).load()
    assert {passage.collection for passage in index.passages} == {"lessons", "activities", "resources"}
    assert index.model == MODEL
    assert index.vectors.shape == (len(index.passages), 384)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("I fell last winter. How can I get steadier?", "steady-on-your-feet-"),
        ("am I too old to lift weights", "staying-strong-"),
        ("my knees ache, is it safe to begin", "starting-again-"),
        ("I lie awake half the night", "energy-sleep-mood-"),
        ("without my job the days have no shape and I feel lost", "life-after-work-"),
        ("I stopped for two weeks and feel like giving up", "tracking-and-setbacks-"),
        ("it is icy outside", "weather-and-safety-"),
    ],
)
def test_a_question_finds_its_lesson(retriever: Retriever, query: str, found: str) -> None:
    hits = retriever.search(query, Plan(collections=("lessons",), limit=3))
    assert any(hit.passage.id.startswith(found) for hit in hits), [hit.passage.id for hit in hits]


@pytest.mark.parametrize(
    ("query", "collection", "title"),
    [
        ("somewhere to learn pickleball", "activities", "Pickleball for Beginners"),
        ("exercise in the water for my hips", "activities", "Warm Water Joints Class"),
        ("make my legs strong enough to stand up from a chair", "resources", "Sit to stand"),
        ("something for a rainy day at home", "resources", "Rainy day circuit"),
    ],
)
def test_a_wish_finds_what_there_is_to_do(retriever: Retriever, query: str, collection: str, title: str) -> None:
    hits = retriever.search(query, Plan(collections=(collection,), limit=3))
    assert title in [hit.passage.title for hit in hits]


def test_filters_hold_for_every_passage_found(retriever: Retriever) -> None:
    plan = Plan(collections=("resources",), limit=10, equals={"position": "seated"}, at_most={"minutes": 5})
    hits = retriever.search("strengthen my arms", plan)
    assert hits
    for hit in hits:
        assert hit.passage.metadata["position"] == "seated"
        assert int(str(hit.passage.metadata["minutes"])) <= 5


def test_an_unrelated_question_scores_lower_than_a_fitting_one(retriever: Retriever) -> None:
    [fitting] = retriever.search("how to stand on one leg", Plan(limit=1))
    [unrelated] = retriever.search("the price of copper futures", Plan(limit=1))
    assert 0 <= unrelated.score < fitting.score <= 1


def test_ingesting_what_is_unchanged_needs_no_model(programme: Path, tmp_path: Path) -> None:
    (tmp_path / "index").symlink_to(programme / "index")
    (tmp_path / "stack.env").write_text("OPENAI_BASE_URL=http://127.0.0.1:9/v1\n")  # nothing listens there
    again = rag(tmp_path, "ingest")
    assert again.returncode == 0, again.stderr
    assert again.stdout.endswith(": unchanged\n")


def test_search_prints_json_and_nothing_else(data_dir: Path, programme: Path) -> None:
    (data_dir / "index").symlink_to(programme / "index")
    done = rag(data_dir, "search", "a brisk walk with others", "--collection", "activities", "--json", "--limit", "3")
    assert done.returncode == 0, done.stderr
    hits = json.loads(done.stdout)
    assert len(hits) == 3
    for hit in hits:
        assert set(hit) == {"id", "collection", "title", "text", "score"}
        assert hit["collection"] == "activities"
        assert 0 <= hit["score"] <= 1


def test_a_broken_record_is_named_and_the_rest_can_be_searched(data_dir: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "chairs.md").write_text(LESSON)
    (documents / "table.csv").write_text(BROKEN_TABLE)

    done = rag(data_dir, "ingest", documents)

    assert done.returncode == 1
    assert "table.csv:3: the row has no where" in done.stderr
    assert re.search(r"lessons 1, activities 1, resources 0 .total 2.\nversion [0-9a-f]{16}: 2 embedded", done.stdout)
    found = rag(data_dir, "search", "sitting down")
    assert found.stdout.split()[1] == "chairs-01"


def test_searching_before_ingesting_says_what_to_run(tmp_path: Path) -> None:
    done = rag(tmp_path, "search", "balance")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no index yet. Run `python -m rag ingest` first.\n"


def test_a_second_ingest_steps_back(data_dir: Path, tmp_path: Path) -> None:
    with IndexFolder(data_dir).locked():
        done = rag(data_dir, "ingest")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Another ingest is writing this index.")


def test_a_model_api_that_is_away_is_one_sentence(programme: Path) -> None:
    url = "http://127.0.0.1:9/v1"
    done = rag(programme, "search", "x", OPENAI_BASE_URL=url, OPENAI_EMBEDDING_MODEL=MODEL, OPENAI_API_KEY="k")
    assert done.returncode == 1
    assert done.stderr.startswith(f"The embedding model {MODEL} does not answer (APIConnectionError).")
    assert done.stderr.count("\n") == 1


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = rag(tmp_path, "ingest", DATA_DIR=str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"{tmp_path}/file/index: Not a directory"
