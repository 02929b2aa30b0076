"""`python -m rag` as a person runs it, with the real embedding model behind the real `openai` client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
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
EXPORTS = ROOT / "tests" / "data" / "exports"
WITHHELD = {"master-L01-S03-G003", "master-L01-S04-G004", "master-SB01-S03-G010"}
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
def exports(tmp_path_factory: pytest.TempPathFactory, model_url: str) -> Path:
    """A data folder with the index of the three text exports."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "stack.env").write_text(f"OPENAI_BASE_URL={model_url}\n")
    done = rag(folder, "ingest", EXPORTS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("lessons 10, activities 3, resources 4 (total 17)\n")
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
        ("I stopped for two weeks and feel like giving up", "starting-again-"),
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
    plan = retriever.plan("something seated for my arms, five minutes at most", collections=("resources",), limit=10)
    hits = retriever.search(plan.query, plan)
    assert hits
    for hit in hits:
        assert hit.passage.metadata["position"] in ("seated", "either")
        assert int(str(hit.passage.metadata["minutes"])) <= 5
        assert hit.relaxed == ()


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
    assert "table.csv:3: the record has no where" in done.stderr
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


def test_a_dry_run_tells_what_would_be_read_and_writes_nothing(tmp_path: Path) -> None:
    done = rag(tmp_path, "ingest", EXPORTS, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"skipped {EXPORTS}/LICENSE: not a document of a kind that is read",
        "lessons 10, activities 3, resources 4 (total 17)",
        "of these 3 are marked as science",
        "of these 3 are marked do-not-reference: never returned by a search",
        "longest: activity-002, 30 words",
        "shortest: home-playlist-001, 2 words",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_names_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(BROKEN_TABLE)
    done = rag(tmp_path / "data", "ingest", tmp_path / "table.csv", "--dry-run", "--collection", "resources")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        f"left out {tmp_path}/table.csv:3: the record has no where",
        "lessons 0, activities 0, resources 1 (total 1)",
    ]


def test_list_and_show_tell_all_that_the_index_holds(exports: Path) -> None:
    listed = json.loads(rag(exports, "list", "--json").stdout)
    assert {row["id"] for row in listed if row["withheld"]} == WITHHELD
    assert len(listed) == 17
    activities = rag(exports, "list", "--collection", "activities").stdout
    assert activities.splitlines()[1] == "activity-002  Paddle Basics"

    shown = json.loads(rag(exports, "show", "master-SB01-S02-G009", "--json").stdout)
    assert (shown["title"], shown["metadata"]["science"], shown["withheld"]) == ("Grip strength", "true", False)
    assert "never returned" in rag(exports, "show", "master-L01-S03-G003").stdout

    missing = rag(exports, "show", "activity-999")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "python -m rag list" in missing.stderr


def test_what_is_withheld_is_never_found(exports: Path, model_url: str) -> None:
    embedder = Embedder(openai.OpenAI(api_key="offline", base_url=model_url, timeout=30), MODEL)
    retriever = open_retriever(embedder=embedder, data_dir=exports, qdrant_url="", qdrant_api_key="")
    found = {hit.passage.id for hit in retriever.search("Quiz question about worms", Plan(limit=100))}
    assert len(found) == 14
    assert not found & WITHHELD


def test_eval_prints_the_figures_as_json_or_as_a_table(exports: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        ("canoeing", "community", "activities", ["activity-002"]),
        ("sway", "home", "home", ["home-blog-001", "elsewhere-001"]),
    ]
    keys = ("query", "family", "collection", "gold")
    file.write_text("".join(json.dumps({"id": "q", **dict(zip(keys, line, strict=True))}) + "\n" for line in lines))

    done = rag(exports, "eval", file, "--json")
    assert done.returncode == 0
    assert done.stderr == f"1 of the 3 ids in {file} are not in the index and cannot be found.\n"
    figures = json.loads(done.stdout)
    assert list(figures) == ["n", "p_at_3", "mrr_at_5", "recall_at_5", "ndcg_at_5", "by_family"]
    assert figures["by_family"]["community"] == {
        "n": 1,
        "p_at_3": 0.3333,
        "mrr_at_5": 1.0,
        "recall_at_5": 1.0,
        "ndcg_at_5": 1.0,
    }
    assert figures["by_family"]["home"]["recall_at_5"] == 0.5
    table = rag(exports, "eval", file).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["family", "community", "home", "all"]


def test_an_index_of_another_model_is_refused_by_search_and_rebuilt_by_ingest(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "chairs.md").write_text(LESSON)
    assert rag(data_dir, "ingest", tmp_path / "chairs.md").returncode == 0
    path = next((data_dir / "index").glob("*.npz"))
    held = IndexFolder(data_dir).load()
    other = replace(held, model="another-model")
    with IndexFolder(data_dir).locked():
        IndexFolder(data_dir).write(other)
    refused = rag(data_dir, "search", "chair")
    assert refused.returncode == 1
    assert "another-model" in refused.stderr
    assert rag(data_dir, "ingest", tmp_path / "chairs.md").stdout.endswith(": 1 embedded\n")
    assert IndexFolder(data_dir).load().version == held.version == path.stem


def test_a_reader_that_has_gone_is_not_met_by_a_traceback(exports: Path) -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)  # as `head` does when it has its lines
    with os.fdopen(writing_end, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "rag", "list"],
            cwd=exports,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(exports)},
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=100,
            check=False,
        )
    assert done.stderr == b""
