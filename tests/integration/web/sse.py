"""Server-sent events as a client reads them, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.integration.web.api import Api


@dataclass(frozen=True)
class Seen:
    """One event; a comment has the type `comment`."""

    id: str
    type: str
    data: Any


class Stream:
    """An open stream of a job's events."""

    def __init__(self, api: Api, job: str, last: str = "", **more: Any) -> None:
        headers = {**more.pop("headers", {}), **({"Last-Event-ID": last} if last else {})}
        self.answer: TestResponse = api.get(f"/jobs/{job}/events", headers=headers, **more)
        self._blocks = self._read()

    def __iter__(self) -> Iterator[Seen]:
        return self._blocks

    def next(self) -> Seen:
        return next(self._blocks)

    def rest(self) -> list[Seen]:
        """Everything until the server ends the stream."""
        return list(self._blocks)

    def leave(self) -> None:
        self.answer.close()

    def _read(self) -> Iterator[Seen]:
        text = ""
        for piece in self.answer.iter_encoded():
            text += piece.decode()
            while "\n\n" in text:
                block, _, text = text.partition("\n\n")
                fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
                if block.startswith(":"):
                    yield Seen("", "comment", block)
                elif "data" in fields:
                    yield Seen(fields["id"], fields["event"], json.loads(fields["data"]))


def spoken(events: list[Seen]) -> str:
    """What a client has put together: the tokens since the last restart."""
    text = ""
    for event in events:
        if event.type == "restart":
            text = ""
        if event.type == "token":
            text += event.data["text"]
    return text
