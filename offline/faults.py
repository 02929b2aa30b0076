"""Faults on demand, for tests of whoever calls this server. Off unless it was started with `--faults`.

A fault is one of

    429; retry-after=2      that error status (any from 400 to 599), with Retry-After if given, in seconds
    slow; seconds=3         the answer takes so long: a whole one starts late, a streamed one drips
    cut                     half of the answer, then the connection closes

and comes with a request, in the header `X-Fault`, or before it:

    POST   /_faults {"path": "/v1/embeddings", "fault": "cut", "times": 2}   for the next calls of that path
    GET    /_faults         {"calls": {path: count}, "waiting": {path: count}}
    DELETE /_faults         forget faults and counts
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, g, request

from offline.errors import ApiError, invalid
from offline.fields import Fields

HEADER = "X-Fault"
MAX_SECONDS = 600
MAX_TIMES = 1000
_FAULT = re.compile(
    r"(?P<status>[45]\d\d)(?:\s*;\s*retry-after=(?P<retry>\d+(?:\.\d+)?))?"
    r"|slow\s*;\s*seconds=(?P<seconds>\d+(?:\.\d+)?)"
    r"|(?P<cut>cut)"
)


@dataclass(frozen=True)
class Fault:
    """One of: an error `status`, `seconds` of slowness, a `cut`."""

    status: int = 0
    retry_after: float | None = None
    seconds: float = 0.0
    cut: bool = False


class CutError(Exception):
    """Ends a response in the middle; the server then closes the connection."""


class Faults:
    """The faults that wait for a call, and how many calls there were, by path."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Fault]] = {}
        self._calls: Counter[str] = Counter()

    def add(self, path: str, fault: Fault, times: int) -> None:
        """Have the next `times` calls of `path` go wrong."""
        with self._lock:
            self._waiting.setdefault(path, deque()).extend([fault] * times)

    def take(self, path: str) -> Fault | None:
        """Count a call of `path` and return the fault that waits for it, if any."""
        with self._lock:
            self._calls[path] += 1
            waiting = self._waiting.get(path)
            return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._waiting.clear()
            self._calls.clear()

    def report(self) -> dict[str, Any]:
        """What `GET /_faults` answers."""
        with self._lock:
            waiting = {path: len(faults) for path, faults in self._waiting.items() if faults}
            return {"calls": dict(self._calls), "waiting": waiting}


def parse(text: str) -> Fault:
    """Read a fault as described above.

    Raises:
        ApiError: when it is none.
    """
    match = _FAULT.fullmatch(text.strip())
    seconds = float(match["seconds"] or 0) if match else 0
    if not match or seconds > MAX_SECONDS:
        raise invalid("fault", "A fault is '429; retry-after=2', 'slow; seconds=3' (at most 600) or 'cut'.")
    retry_after = float(match["retry"]) if match["retry"] else None
    return Fault(int(match["status"] or 0), retry_after, seconds, bool(match["cut"]))


def register(app: Flask, faults: Faults) -> None:
    """Let `faults` act on every call of `app` under `/v1/`, and serve `/_faults`."""
    routes = Blueprint("faults", __name__)

    @routes.route("/_faults", methods=["GET", "POST", "DELETE"])
    def control() -> dict[str, Any]:
        if request.method == "POST":
            fields = Fields.of_json()
            times = int(fields.number("times", 1, MAX_TIMES, default=1))
            faults.add(fields.text("path"), parse(fields.text("fault")), times)
        elif request.method == "DELETE":
            faults.clear()
        return faults.report()

    @app.before_request
    def fail() -> None:
        if not request.path.startswith("/v1/"):
            return
        waiting = faults.take(request.path)
        g.fault = parse(request.headers[HEADER]) if HEADER in request.headers else waiting
        if g.fault and g.fault.status:
            raise ApiError(
                "A fault that was asked for.", status=g.fault.status, kind="fault", retry_after=g.fault.retry_after
            )

    @app.after_request
    def spoil(response: Response) -> Response:
        fault: Fault | None = g.get("fault")
        if fault and fault.seconds:
            if response.is_streamed:
                response.response = _dripping(list(response.iter_encoded()), fault.seconds)
            else:
                time.sleep(fault.seconds)
        if fault and fault.cut:
            response.response = _half(b"".join(response.iter_encoded()))
            response.headers.pop("Content-Length", None)
        return response

    app.register_blueprint(routes)


def _dripping(chunks: list[bytes], seconds: float) -> Iterator[bytes]:
    for chunk in chunks:
        time.sleep(seconds / len(chunks))
        yield chunk


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise CutError
