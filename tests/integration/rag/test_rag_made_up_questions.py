"""`ingest --questions` against a chat model behind HTTP, with the real embedding model on the same address."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from offline.process import started
from tests.integration.rag.test_rag_commands import LESSON, MODEL, rag

QUIZ = "---\nid: quiz\ntitle: Q\ncollection: lessons\ndo_not_reference: true\n---\n\n## What is this?\nA zirconium.\n"


class Provider:
    """A model API of which the chat part can fail. `prompts` holds what the chat model was asked."""

    def __init__(self, embeddings_url: str) -> None:
        self.prompts: list[str] = []
        self.fails = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/embeddings"):
                    headers = {"Content-Type": "application/json", "Authorization": "Bearer offline"}
                    reply = httpx2.post(f"{embeddings_url}/embeddings", content=body, headers=headers, timeout=60)
                    self.answer(reply.status_code, reply.content)
                    return
                provider.prompts.append(json.loads(body)["messages"][0]["content"])
                said = json.dumps({"chairs-01": ["how do I do it while I have my porridge?"]})
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
                answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
                self.answer(400 if provider.fails else 200, json.dumps(answer).encode())

            def answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.settings = {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.server.server_port}/v1",
            "OPENAI_API_KEY": "k",
            "OPENAI_MODEL": "m",
            "OPENAI_EMBEDDING_MODEL": MODEL,
        }


@pytest.fixture
def provider() -> Iterator[Provider]:
    with started() as url:
        provider = Provider(url)
        thread = threading.Thread(target=provider.server.serve_forever)
        thread.start()
        yield provider
        provider.server.shutdown()
        thread.join()
        provider.server.server_close()


def test_made_up_questions_cost_once_and_a_model_that_fails_costs_nothing_else(
    provider: Provider, tmp_path: Path
) -> None:
    documents, data = tmp_path / "documents", tmp_path / "data"
    documents.mkdir()
    (documents / "chairs.md").write_text(LESSON)
    (documents / "quiz.md").write_text(QUIZ)

    provider.fails = True
    done = rag(data, "ingest", documents, "--questions", **provider.settings)
    assert done.returncode == 0, done.stderr
    assert "The chat model m does not answer (BadRequestError)" in done.stderr
    plain = done.stdout

    provider.fails, provider.prompts[:] = False, []
    done = rag(data, "ingest", documents, "--questions", **provider.settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout != plain
    [prompt] = provider.prompts
    assert "chairs-01" in prompt
    assert "zirconium" not in prompt

    for arguments in (["--questions"], []):  # nothing has changed, and what was made up stays
        again = rag(data, "ingest", documents, *arguments, **provider.settings)
        assert again.stdout.endswith(": unchanged\n")
    assert len(provider.prompts) == 1


def test_the_offline_models_make_up_none_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "chairs.md").write_text(LESSON)
    done = rag(tmp_path / "data", "ingest", tmp_path / "chairs.md", "--questions")
    assert done.returncode == 1
    assert done.stderr.endswith("set OPENAI_API_KEY, or leave --questions out.\n")
