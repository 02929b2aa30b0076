"""What different models of a transcription API are asked for, and what is made of their answers."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from tests.support.audio_files import tone
from workers.recording import Recording
from workers.speech import Speech
from workers.transcript import Transcript

SPOKEN = "I like to walk"


class Api(ThreadingHTTPServer):
    """Answers every transcription the same, and keeps the fields of the last request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: dict[str, Any] = {}
        self.fields: dict[str, str] = {}

    def hear(self, model: str, answer: dict[str, Any]) -> Transcript:
        self.answer = answer
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{self.server_port}/v1", api_key="none", max_retries=0)
        return Speech(client, model, "voice").transcribe(Recording(tone(1.0)), timeout=lambda: 10.0)


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = re.findall(rb'name="([\w\[\]]+)"\r\n\r\n(.*?)\r\n', body)
        self.server.fields = {name.decode(): value.decode() for name, value in found}
        answer = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15"])
def test_models_without_segments_are_asked_for_the_probability_of_each_token(api: Api, model: str) -> None:
    tokens = [{"token": word, "logprob": math.log(0.7), "bytes": []} for word in SPOKEN.split()]

    heard = api.hear(model, {"text": SPOKEN, "logprobs": tokens})

    assert heard == Transcript(SPOKEN, None, 0.7, 1.0)
    assert (api.fields["response_format"], api.fields["include[]"]) == ("json", "logprobs")


def test_whisper_is_asked_for_its_segments(api: Api) -> None:
    segment = {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": f" {SPOKEN}", "tokens": [], "temperature": 0.0}
    segment |= {"avg_logprob": math.log(0.6), "compression_ratio": 0.9, "no_speech_prob": 0.01}

    heard = api.hear("whisper-1", {"text": SPOKEN, "language": "english", "duration": 1.0, "segments": [segment]})

    assert heard == Transcript(SPOKEN, "english", 0.6, 1.0)
    assert api.fields["response_format"] == "verbose_json"


def test_a_model_that_tells_no_probability_is_never_taken_for_sure(api: Api) -> None:
    heard = api.hear("a-local-model", {"text": SPOKEN, "language": "english", "duration": 1.0, "segments": []})

    assert (heard.text, heard.language) == (SPOKEN, "english")
    assert heard.confidence == 0.3, "there is nothing in this tone that could be speech"
