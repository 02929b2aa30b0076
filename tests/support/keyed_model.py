"""A model API whose operator gives out and takes back keys, and that answers when it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPLY = "Ten minutes on the pier would be a good start."
HOLD_SECONDS = 20


class KeyedModel:
    """What the server knows: the keys it takes now, and which key came with each chat call."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: set[str] = set()
        self.chats: list[str] = []
        self.free = threading.Event()  # chat calls wait for it
        self.free.set()


@contextmanager
def running() -> Iterator[KeyedModel]:
    """Serve on a free port of loopback for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    model = KeyedModel(f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.model = model  # type: ignore[attr-defined]  # how handlers of the standard library are told anything
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield model
    finally:
        model.free.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"object": "list", "data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            data = [
                {"object": "embedding", "index": i, "embedding": _vector(text)} for i, text in enumerate(body["input"])
            ]
            self._answer({"object": "list", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}})
            return
        model = self._model()
        model.chats.append(self._key())
        model.free.wait(HOLD_SECONDS)
        self._answer(None)

    def _model(self) -> KeyedModel:
        found: KeyedModel = self.server.model  # type: ignore[attr-defined]  # see `running`
        return found

    def _key(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _answer(self, body: Any) -> None:
        """JSON, or the reply as a stream if there is none; 401 with a key that is not taken."""
        known = self._key() in self._model().keys
        data = json.dumps(body if known else {"error": {"message": "no", "code": "invalid_api_key"}}).encode()
        kind = "application/json"
        if known and body is None:
            data, kind = _stream(), "text/event-stream"
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _stream() -> bytes:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    pieces = [{"content": REPLY}, {}]
    events = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}]}
        for delta in pieces
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    events.append({**head, "choices": [], "usage": usage})
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n"


def _vector(text: str) -> list[float]:
    return [byte / 255 - 0.5 for byte in hashlib.sha256(text.encode()).digest()]
