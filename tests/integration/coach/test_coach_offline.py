"""The coach on the sample programme, with the real client, retriever and offline models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import openai
import pytest

import safety
from coach.coach import Coach
from coach.model import CoachError
from coach.turn import Message, Reply, Sentence, Turn
from config import OFFLINE_MODELS
from offline.process import started
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.passage import Passage
from rag.reading import read_folder

ROOT = Path(__file__).resolve().parents[3]
CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with started("--faults") as url:
        yield url


@pytest.fixture(scope="module")
def passages() -> dict[str, Passage]:
    return {passage.id: passage for passage in read_folder(ROOT / "knowledge").passages}


@pytest.fixture(scope="module")
def embedder(base_url: str) -> Embedder:
    client = openai.OpenAI(api_key="offline", base_url=base_url, max_retries=0)
    return Embedder(client, OFFLINE_MODELS["OPENAI_EMBEDDING_MODEL"])


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, passages: dict[str, Passage]) -> Path:
    folder: Path = tmp_path_factory.mktemp("data")
    ingest(list(passages.values()), IndexFolder(folder), embedder.model, lambda: nullcontext(embedder))
    return folder


@pytest.fixture(scope="module")
def coach(base_url: str, embedder: Embedder, data_dir: Path) -> Coach:
    retriever = open_retriever(embedder=embedder, data_dir=data_dir, qdrant_url="", qdrant_api_key="")
    return Coach(openai.OpenAI(api_key="offline", base_url=base_url), OFFLINE_MODELS["OPENAI_MODEL"], retriever, "CA")


@pytest.fixture(autouse=True)
def no_faults(base_url: str) -> Iterator[None]:
    yield
    control(base_url, "DELETE")


def control(base_url: str, method: str, **body: str) -> dict[str, dict[str, int]]:
    """Set faults of the offline server, or read how often each path was called."""
    request = urllib.request.Request(  # noqa: S310 (the server of this test)
        f"{base_url.removesuffix('/v1')}/_faults",
        data=json.dumps(body).encode() if body else None,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 (the same)
        answer: dict[str, dict[str, int]] = json.load(response)
    return answer


def ask(coach: Coach, text: str, *history: Message) -> Reply:
    *events, reply = coach.respond(Turn(text, history), timeout=lambda: 30.0)
    assert isinstance(reply, Reply)
    assert "".join(event.text for event in events if isinstance(event, Sentence)) == reply.text
    return reply


@pytest.mark.parametrize(
    ("text", "mode", "collection"),
    [
        ("How can I train my balance?", "education", "lessons"),
        ("What can I do at home on a chair?", "home_resources", "resources"),
        ("Is there a walking group near me?", "local_activities", "activities"),
    ],
)
def test_a_question_is_answered_from_the_fitting_documents(
    coach: Coach, passages: dict[str, Passage], *, text: str, mode: str, collection: str
) -> None:
    reply = ask(coach, text)
    assert (reply.outcome, reply.mode) == ("answered", mode)
    assert collection in {citation.collection for citation in reply.citations}
    assert "[" not in reply.text
    for citation in reply.citations:
        passage = passages[citation.id]
        assert citation.quote
        assert citation.quote in passage.text
        assert (citation.title, citation.collection) == (passage.title, passage.collection)
        assert 0 < citation.score <= 1
    assert reply.usage.input_tokens > reply.usage.output_tokens > 0


def test_a_short_follow_up_stays_with_the_subject(coach: Coach) -> None:
    first = ask(coach, "How can I train my balance?")
    second = ask(
        coach, "And how often?", Message("user", "How can I train my balance?"), Message("assistant", first.text)
    )
    assert second.outcome == "answered"
    assert second.citations


def test_an_emergency_is_answered_without_any_model(coach: Coach, base_url: str) -> None:
    control(base_url, "DELETE")
    reply = ask(coach, "I have crushing chest pain and I can't breathe")
    assert reply.outcome == "escalated"
    assert reply.text == safety.fixed_text(safety.triage("I have crushing chest pain and I can't breathe", "CA"))
    assert control(base_url, "GET")["calls"] == {}


@pytest.mark.parametrize(
    ("path", "fault", "code", "permanent", "retry_after"),
    [
        (CHAT, "429; retry-after=2", "model_rate_limited", False, 2.0),
        (CHAT, "500", "model_unavailable", False, None),
        (CHAT, "401", "model_auth", True, None),
        (CHAT, "cut", "model_unavailable", False, None),
        (EMBEDDINGS, "503; retry-after=1", "model_unavailable", False, 1.0),
    ],
)
def test_a_failing_model_api_is_told_apart_and_asked_once(
    coach: Coach, base_url: str, *, path: str, fault: str, code: str, permanent: bool, retry_after: float | None
) -> None:
    control(base_url, "DELETE")
    control(base_url, "POST", path=path, fault=fault)
    with pytest.raises(CoachError) as caught:
        ask(coach, "How can I train my balance?")
    assert (caught.value.code, caught.value.permanent, caught.value.retry_after) == (code, permanent, retry_after)
    assert control(base_url, "GET")["calls"][path] == 1
    assert ask(coach, "How can I train my balance?").outcome == "answered"


def test_a_slow_model_is_given_up_when_the_time_is_over(coach: Coach, base_url: str) -> None:
    control(base_url, "POST", path=CHAT, fault="slow; seconds=60")
    left = iter([30.0, 0.3, 0.2])  # retrieving, opening the stream, its first chunk
    with pytest.raises(CoachError) as caught:
        list(coach.respond(Turn("How can I train my balance?"), timeout=lambda: next(left, 0.0)))
    assert (caught.value.code, caught.value.permanent) == ("model_timeout", False)


def in_terminal(base_url: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "QDRANT_"))},
        **OFFLINE_MODELS,
        "OPENAI_BASE_URL": base_url,
        "DATA_DIR": str(data_dir),
    }
    command = [sys.executable, "-m", "coach", "ask", "How can I train my balance?"]
    return subprocess.run(  # noqa: S603 (our own command)
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_operator_can_ask_from_a_terminal(base_url: str, data_dir: Path, passages: dict[str, Passage]) -> None:
    done = in_terminal(base_url, data_dir)
    assert done.returncode == 0, done.stderr
    assert any(f"[{name}] {passage.title}" in done.stdout for name, passage in passages.items())


def test_an_operator_without_an_index_is_told_how_to_make_one(base_url: str, tmp_path: Path) -> None:
    done = in_terminal(base_url, tmp_path)
    assert done.returncode == 1
    assert "python -m rag ingest" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_an_answer_came_from_is_told_without_a_model(coach: Coach, base_url: str) -> None:
    question = "How can I train my balance?"
    first = ask(coach, question)
    control(base_url, "DELETE")
    second = ask(
        coach, "Where did that come from?", Message("user", question), Message("assistant", first.text, first.citations)
    )
    assert (second.mode, second.model, second.citations) == ("sources", None, first.citations)
    assert CHAT not in control(base_url, "GET")["calls"]


@pytest.mark.parametrize("text", ["I feel so ashamed of how unfit I am", "I'm not going to exercise, full stop"])
def test_who_hurts_or_does_not_want_to_is_neither_asked_nor_pushed(coach: Coach, text: str) -> None:
    reply = ask(coach, text)
    assert reply.mode in ("emotion", "low_intention")
    assert reply.outcome == "answered"
    assert "?" not in reply.text
    assert [rail.verdict for rail in reply.guardrails if rail.name == "mode"] == ["pass"]


def test_lessons_are_told_from_the_programme(coach: Coach, passages: dict[str, Passage]) -> None:
    first = next(passage for passage in passages.values() if passage.metadata.get("lesson") == 8)
    reply = ask(coach, "What is lesson 8 about?")
    assert f"Lesson 8: {first.metadata['document']}. {first.metadata['description']}" == reply.text
    assert "no lesson 40" in ask(coach, "lesson 40?").text
    looked_up = ask(coach, "Which lesson talks about if-then plans?")
    assert (looked_up.mode, looked_up.citations[0].id) == ("lesson_lookup", "plans-and-habits-02")
