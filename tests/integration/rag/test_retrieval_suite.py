"""One retrieval suite for both stores: embedded, and on the Qdrant server that QDRANT_URL names, if it names one.

The server must be one that nobody uses: the suite moves the alias, and removes what it uploaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest

from offline.process import started
from rag import qdrant
from rag.build import open_retriever, qdrant_server
from rag.embedding import Embedder
from rag.errors import NoIndexError
from rag.passage import Hit
from rag.retriever import Retriever
from tests.integration.rag.test_rag_commands import MODEL, ROOT, rag

QUESTIONS = ROOT / "tests" / "data" / "retrieval_knowledge.jsonl"


@dataclass(frozen=True)
class Site:
    """A place to ingest to and search from."""

    data_dir: Path
    model_url: str
    environment: dict[str, str]

    def ingest(self, *paths: Path) -> None:
        done = rag(self.data_dir, "ingest", *paths, **self.environment)
        assert done.returncode == 0, done.stderr

    def open(self) -> Retriever:
        return open_retriever(
            embedder=Embedder(openai.OpenAI(api_key="offline", base_url=self.model_url, timeout=30), MODEL),
            data_dir=self.data_dir,
            qdrant_url=self.environment.get("QDRANT_URL", ""),
            qdrant_api_key=self.environment.get("QDRANT_API_KEY", ""),
            check_every=0,
        )


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with started() as url:
        yield url


@pytest.fixture(scope="module", params=["embedded", "server"])
def environment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    if request.param == "embedded":
        yield {}
        return
    if not os.environ.get("QDRANT_URL"):
        pytest.skip("QDRANT_URL names no Qdrant server")
    yield from vacant_server(os.environ["QDRANT_URL"], os.environ.get("QDRANT_API_KEY", ""))


def vacant_server(url: str, api_key: str) -> Iterator[dict[str, str]]:
    client = qdrant_server(url, api_key)
    try:
        qdrant.served(client)
    except NoIndexError:
        pass
    else:
        pytest.fail("The server at QDRANT_URL serves an index already. Name one that nobody uses.")
    yield {"QDRANT_URL": url, "QDRANT_API_KEY": api_key}
    for collection in client.get_collections().collections:  # the alias goes with them
        if collection.name.startswith("coach-"):
            client.delete_collection(collection.name)


@pytest.fixture(scope="module")
def site(environment: dict[str, str], model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """With the sample programme ingested."""
    data_dir = tmp_path_factory.mktemp("site")
    (data_dir / "stack.env").write_text(f"OPENAI_BASE_URL={model_url}\n")
    made = Site(data_dir, model_url, environment)
    made.ingest()
    return made


@pytest.fixture(scope="module")
def retriever(site: Site) -> Retriever:
    return site.open()


def search(retriever: Retriever, text: str, collection: str, before: tuple[str, ...] = ()) -> list[Hit]:
    plan = retriever.plan(text, before=before, collections=(collection,))
    return retriever.search(plan.query, plan)


@pytest.mark.parametrize(
    ("query", "collection", "found"),
    [
        ("I fell last winter, how do I get steadier", "lessons", "steady-on-your-feet-"),
        ("without my job the days have no shape", "lessons", "life-after-work-"),
        ("how long until it becomes a habit", "lessons", "plans-and-habits-"),
        ("where does M-PAC come from", "lessons", "science-of-change-"),
        ("somewhere to learn pickleball", "activities", "Pickleball for Beginners"),
        ("free tai chi at the weekend", "activities", "Tai Chi in the Park"),
        ("swiming in the evening or any day", "activities", "Quiet Lane Swim"),
        ("marche gratuite le mercredi", "activities", "Slow and Social Stroll"),
        ("stand up from a chair more easily", "resources", "Sit to stand"),
        ("seated, two or three minutes, for weak hands", "resources", "Grip squeeze"),
        ("15 minutes indoors when it rains", "resources", "Rainy day circuit"),
        ("algo de yoga en silla", "resources", "Chair yoga flow"),
    ],
)
def test_a_query_finds_its_passage(retriever: Retriever, query: str, collection: str, found: str) -> None:
    hits = search(retriever, query, collection)
    assert any(found == hit.passage.title or hit.passage.id.startswith(found) for hit in hits), [
        hit.passage.title for hit in hits
    ]


@pytest.mark.parametrize(
    ("query", "where", "day", "cost"),
    [
        ("what is on in Kestrel Flats on Thursdays", "Kestrel Flats", "thursday", ""),
        ("something free on Wednesday", "", "wednesday", "free"),
        ("dancing on a Friday", "", "friday", ""),
        ("Fernside, Mondays", "Fernside", "monday", ""),
    ],
)
def test_what_meets_every_filter_comes_before_what_does_not(
    retriever: Retriever, query: str, where: str, day: str, cost: str
) -> None:
    best = search(retriever, query, "activities")[0]
    assert best.relaxed == ()
    assert where in str(best.passage.metadata["where"])
    assert day in tuple(best.passage.metadata["days"])  # type: ignore[arg-type]  # a tuple in every activity
    assert cost in str(best.passage.metadata["cost_kind"])


def test_a_passage_says_which_filters_it_does_not_meet(retriever: Retriever) -> None:
    hits = search(retriever, "pickleball in Harbourside on a Sunday", "activities")
    beginners = next(hit for hit in hits if hit.passage.title == "Pickleball for Beginners")
    assert set(beginners.relaxed) == {"place", "day"}


def test_a_follow_up_keeps_what_was_asked_before(retriever: Retriever) -> None:
    first = search(retriever, "free walks on a Monday", "activities")
    then = search(retriever, "and on Tuesdays?", "activities", before=("free walks on a Monday",))
    assert first[0].passage.title in {"Harbour Morning Walk", "Mall Striders"}
    assert {"Lantern Hill Climbers", "Mall Striders"} <= {hit.passage.title for hit in then if not hit.relaxed}


def test_the_answers_of_the_question_set_are_in_the_index(site: Site) -> None:
    listed = rag(site.data_dir, "list", "--json", **site.environment)
    ids = {row["id"] for row in json.loads(listed.stdout) if not row["withheld"]}
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert len(questions) >= 60
    assert {name for question in questions for name in question["gold"]} <= ids


# The last one: it leaves another index than the sample programme's.
def test_a_running_reader_takes_up_the_next_version_whole(site: Site, retriever: Retriever, tmp_path: Path) -> None:
    held = retriever.refresh().version
    assert len(search(retriever, "juggling with oranges", "lessons")) > 1
    lesson = "---\nid: juggling\ntitle: T\ncollection: lessons\n---\n\n## Juggling\nThrow one orange at a time.\n"
    (tmp_path / "juggling.md").write_text(lesson)
    site.ingest(tmp_path / "juggling.md")
    assert retriever.refresh().version != held
    assert [hit.passage.id for hit in search(retriever, "juggling with oranges", "lessons")] == ["juggling-01"]
