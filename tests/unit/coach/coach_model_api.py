"""The border of the model API: a real `openai` client over a transport that answers from memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai


def event(text: str | None, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "test-model",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}],
    }


def said(*pieces: str, finish: str = "stop", tokens: tuple[int, int] = (120, 30)) -> list[dict[str, Any]]:
    """The chunks of a complete answer."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return [
        *(event(piece) for piece in pieces),
        event(None, finish),
        {**event(None), "choices": [], "usage": usage},
    ]


@dataclass
class Wire(httpx2.SyncByteStream):
    """A server-sent event stream that records how far it was read and that it was closed."""

    events: list[dict[str, Any]]
    error: Exception | None = None
    read: int = 0
    closed: bool = False

    def __iter__(self) -> Iterator[bytes]:
        for item in self.events:
            self.read += 1
            yield f"data: {json.dumps(item)}\n\n".encode()
        if self.error:
            raise self.error
        yield b"data: [DONE]\n\n"

    def close(self) -> None:
        self.closed = True


@dataclass
class ModelApi:
    """What the model API answers, and the requests that reached it."""

    answer: Callable[[httpx2.Request], httpx2.Response] = lambda request: httpx2.Response(500)
    requests: list[dict[str, Any]] = field(default_factory=list)
    wire: Wire = field(default_factory=lambda: Wire([]))

    def streams(self, events: list[dict[str, Any]], error: Exception | None = None) -> None:
        self.wire = Wire(events, error)
        self.answer = lambda request: httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, stream=self.wire
        )

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(json.loads(request.content))
        return self.answer(request)

    def client(self) -> openai.OpenAI:
        """A real client, with the retries it comes with, whose requests end here."""
        transport = httpx2.MockTransport(self.handle)
        return openai.OpenAI(
            api_key="test", base_url="http://model.test/v1", http_client=httpx2.Client(transport=transport)
        )
