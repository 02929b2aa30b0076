"""A client that does not take "not now" for an answer, as the contract tells clients to be."""

from __future__ import annotations

import time
from typing import Any

import httpx

from bench.chaos.record import Record

GIVE_UP_SECONDS = 60
_NOT_NOW = {429, 503}
_SERVER_ERROR = 500


class GaveUp(Exception):
    """The service did not come back within a minute."""


class Api:
    """One thread's connection to the service."""

    def __init__(self, base_url: str, record: Record) -> None:
        self._record = record
        self._http = httpx.Client(base_url=base_url, timeout=10)

    def insist(self, method: str, path: str, key: str, **more: Any) -> httpx.Response:
        """Ask until there is an answer other than 429 and 503; a POST is safe to repeat by its Idempotency-Key."""
        headers = {"X-API-Key": key, **more.pop("headers", {})}
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            asked = time.monotonic()
            try:
                answer = self._http.request(method, path, headers=headers, **more)
            except httpx.TransportError as error:
                self._note("no answer", asked, type(error).__name__)
            else:
                if answer.status_code not in _NOT_NOW:
                    if answer.status_code >= _SERVER_ERROR:
                        self._note("server error", asked, f"{method} {answer.status_code}")
                    else:
                        return answer
                else:
                    self._note("not now", asked, str(answer.status_code))
            time.sleep(0.3)
        raise GaveUp(path)

    def _note(self, event: str, asked: float, why: str) -> None:
        self._record.write(event, why=why, seconds=round(time.monotonic() - asked, 2))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
