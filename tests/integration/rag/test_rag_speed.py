"""What `python -m rag` says of speed: measured by `bench`, and foreseen by `ingest`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from offline.process import started
from rag import bench
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.reading import read_folder
from tests.integration.rag.test_rag_commands import MODEL, rag

HEADER = "name,what,where,when,cost,notes\n"
ADVICE = "passages are many for the embedded store"


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with started() as url:
        yield url


def walks(count: int, folder: Path) -> Path:
    file = folder / "walks.csv"
    file.write_text(HEADER + "".join(f"Walk {number},Walking,Pier,Mondays,Free,\n" for number in range(count)))
    return file


def test_bench_prints_the_figures_of_generated_passages_and_leaves_nothing(model_url: str, tmp_path: Path) -> None:
    (tmp_path / "stack.env").write_text(f"OPENAI_BASE_URL={model_url}\n")
    done = rag(tmp_path, "bench", "--passages", "20", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert list(report) == ["passages", "cores", "cpu", "search", "filtered", "load_ms"]
    assert report["passages"] == 20
    assert set(report["search"]) == set(report["filtered"]) == {"p50_ms", "p95_ms"}
    assert [path.name for path in tmp_path.iterdir()] == ["stack.env"]


def test_bench_measures_the_index_in_use(model_url: str, tmp_path: Path) -> None:
    (tmp_path / "stack.env").write_text(f"OPENAI_BASE_URL={model_url}\n")
    missing = rag(tmp_path, "bench")
    assert (missing.returncode, missing.stderr) == (1, "There is no index yet. Run `python -m rag ingest` first.\n")
    embedder = Embedder(openai.OpenAI(api_key="offline", base_url=model_url, timeout=30), MODEL)
    bench.write_generated(7, read_folder(walks(3, tmp_path)), embedder, IndexFolder(tmp_path))
    done = rag(tmp_path, "bench")
    assert done.stdout.startswith("7 passages, embedded; "), done.stderr


def test_ingest_recommends_a_server_for_more_passages_than_the_embedded_store_is_quick_with(tmp_path: Path) -> None:
    enough = rag(tmp_path, "ingest", walks(3000, tmp_path), "--dry-run")
    assert (enough.returncode, ADVICE in enough.stdout) == (0, False)
    file = walks(3001, tmp_path)
    [advice] = [line for line in rag(tmp_path, "ingest", file, "--dry-run").stdout.splitlines() if ADVICE in line]
    assert advice.startswith("3,001 ")
    assert "QDRANT_URL" in advice
    served = rag(tmp_path, "ingest", file, "--dry-run", QDRANT_URL="http://127.0.0.1:9")
    assert (served.returncode, ADVICE in served.stdout) == (0, False)
