"""Each variable that says whom a worker asks, for what and with which secret: what is asked for in one turn."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from config import Settings
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.passage import Passage
from store.client import connect
from store.crypto import Vault
from store.jobs import Jobs
from store.sessions import Sessions
from store.submission import Submission
from tests.support.audio_files import encode, tone
from workers.app import create_app
from workers.container import Container

SAID = "Walking ten minutes after lunch is a good start."
SPOKEN = "I would like to walk more"
_SEGMENT = {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": SPOKEN, "tokens": [], "temperature": 0.0} | {
    "avg_logprob": -0.2,
    "compression_ratio": 1.0,
    "no_speech_prob": 0.01,
}
_CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_DELTA = {"index": 0, "delta": {"role": "assistant", "content": SAID}, "finish_reason": None}
_END = {"index": 0, "delta": {}, "finish_reason": "stop"}


class Models(ThreadingHTTPServer):
    """Answers like a model API, the same each time, and remembers who asked for what: path, model, key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def model_of(self, path: str) -> set[str | None]:
        return {model for asked, model, _ in self.asked if asked == path}


class _Handler(BaseHTTPRequestHandler):
    server: Models

    def do_GET(self) -> None:
        self._answer(404, "application/json", b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/transcriptions"):
            model = body.partition(b'name="model"\r\n\r\n')[2].partition(b"\r\n")[0].decode()
            heard = {"text": SPOKEN, "language": "english", "duration": 1.0, "segments": [_SEGMENT]}
            self._answer(200, "application/json", json.dumps(heard).encode(), model)
            return
        asked = json.loads(body)
        if self.path.endswith("/embeddings"):
            data = [{"object": "embedding", "index": n, "embedding": [1.0, n, 1]} for n in range(len(asked["input"]))]
            answer = {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
            self._answer(200, "application/json", json.dumps(answer).encode(), asked["model"])
        elif self.path.endswith("/speech"):
            self._answer(200, "audio/mpeg", b"ID3 spoken", asked["model"])
        else:
            chunks = [{**_CHUNK, "choices": [_DELTA]}, {**_CHUNK, "choices": [_END]}]
            lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
            self._answer(200, "text/event-stream", lines.encode(), asked["model"])

    def _answer(self, status: int, kind: str, body: bytes, model: str | None = None) -> None:
        self.server.asked.append((self.path, model, self.headers.get("Authorization") or self.headers.get("api-key")))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@pytest.fixture
def models() -> Iterator[Models]:
    with Models() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asking(settings: Settings, models: Models, redis: Any) -> Settings:
    """As an environment with each of these variables set would have it."""
    return replace(
        settings,
        openai_model="my-model",
        openai_embedding_model="my-embedding-model",
        openai_transcription_model="my-transcription-model",
        openai_speech_model="my-speech-model",
        openai_api_key="my-key",
        openai_base_url=f"{models.url}/v1",
        offline=False,
    )


def _run(settings: Settings, seconds: float = 1.0) -> Any:
    """One recording, spoken about and answered aloud; its job as it is after that."""
    redis, vault = connect(settings.redis_url), Vault(settings.data_encryption_keys)
    sessions, jobs = Sessions(redis, vault, settings), Jobs(redis, vault, settings)
    session = sessions.open("key_1", {})
    audio = encode(tone(seconds), "speech.wav")
    submission = Submission(
        type="voice", input={}, audio=audio, speak=True, deadline_ms=60_000, request_id="r", metadata={}
    )
    job_id, _ = jobs.submit(session, submission)
    Container(settings).coaching.runner.run(job_id)
    return jobs.get(job_id, "key_1")


def test_each_model_is_asked_by_its_name_at_the_base_url_with_the_key(asking: Settings, models: Models) -> None:
    """`OPENAI_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_MODEL`, `OPENAI_EMBEDDING_MODEL`, `OPENAI_TRANSCRIPTION_MODEL`,
    `OPENAI_SPEECH_MODEL`."""
    _index(asking)

    job = _run(asking)

    assert job.status == "completed", job.error
    assert models.model_of("/v1/audio/transcriptions") == {"my-transcription-model"}
    assert models.model_of("/v1/embeddings") == {"my-embedding-model"}
    assert models.model_of("/v1/chat/completions") == {"my-model"}
    assert models.model_of("/v1/audio/speech") == {"my-speech-model"}
    assert {key for _, _, key in models.asked} == {"Bearer my-key"}


def test_a_recording_longer_than_max_audio_seconds_is_not_transcribed(asking: Settings, models: Models) -> None:
    """`MAX_AUDIO_SECONDS`."""
    short = _run(replace(asking, max_audio_seconds=3), seconds=2.0)
    asked = len(models.model_of("/v1/audio/transcriptions"))
    models.asked.clear()
    long = _run(replace(asking, max_audio_seconds=1), seconds=2.0)

    assert (asked, short.status) == (1, "queued"), "heard; it waits for an index"
    assert (long.status, long.error.code) == ("failed", "audio_too_long")
    assert models.asked == []


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_passages_are_looked_for_at_the_qdrant_url_with_its_key(asking: Settings, models: Models) -> None:
    """`QDRANT_URL`, `QDRANT_API_KEY`."""
    settings = replace(asking, qdrant_url=f"{models.url}/qdrant", qdrant_api_key="my-qdrant-key")

    _run(settings)

    of_qdrant = {(path.startswith("/qdrant/"), key) for path, _, key in models.asked if "/v1/" not in path}
    assert of_qdrant == {(True, "my-qdrant-key")}


def test_celery_listens_at_the_broker_url(settings: Settings) -> None:
    """`CELERY_BROKER_URL`: the same database by another spelling, such as a Sentinel."""
    url = "sentinel://127.0.0.1:26379/0"

    assert create_app(replace(settings, celery_broker_url=url)).conf.broker_url == url


def _index(settings: Settings) -> None:
    """A passage to be found, as `python -m rag ingest` would have it."""
    client = openai.OpenAI(api_key=settings.openai_api_key, base_url=settings.openai_base_url, max_retries=0)
    embedder = Embedder(client, settings.openai_embedding_model)
    passage = Passage("walking-01", "lessons", "Walking", f"{SAID} It gets easier week by week.")
    ingest([passage], IndexFolder(settings.data_dir), embedder.model, lambda: nullcontext(embedder))
