"""One real message through the whole service, so that a person sees it work."""

from __future__ import annotations

import secrets
import textwrap
import time
from dataclasses import dataclass
from typing import Any

from local.client import Client
from local.errors import LocalError
from local.stack import Stack
from store.api_keys import JOBS, ApiKeys
from store.client import connect

QUESTION = "I sit a lot since I retired. How can I get steadier on my feet?"
WAIT_SECONDS = 60
_KEY_SECONDS = 300
_WIDEST = 100
_STILL_GOING = ("queued", "in_progress")


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took from the POST to the finished job."""

    text: str
    citations: list[tuple[str, str]]  # id, title
    seconds: float

    def shown(self, columns: int) -> str:
        """For a terminal of this width."""
        width = min(columns, _WIDEST) - 2
        parts = [*self.text.splitlines(), "", *(f"[{name}] {title}" for name, title in self.citations)]
        lines = [line for part in parts for line in textwrap.wrap(part, width) or [""]]
        return "\n".join(f"  {line}".rstrip() for line in lines)


def ask(stack: Stack) -> Answer:
    """Send `QUESTION` with a key that exists for this call only, so that no limit of the user's keys is touched.

    Raises:
        LocalError: no answer came; the sentence says where to look.
    """
    redis = connect(stack.settings.redis_url)
    try:
        api_keys, key = ApiKeys(redis), secrets.token_urlsafe(32)
        expires_at = time.time() + _KEY_SECONDS
        key_id = api_keys.add(key, name="make run", scopes=(JOBS,), source="make run", expires_at=expires_at)
        try:
            return _ask(Client(stack.settings.port, key))
        finally:
            api_keys.revoke(key_id)
    finally:
        redis.close()


def _ask(client: Client) -> Answer:
    try:
        session = "/sessions/" + client.call("POST", "/sessions")[1]["session_id"]
        try:
            started = time.monotonic()
            job = client.call("POST", f"{session}/messages", {"text": QUESTION}, wait_seconds=WAIT_SECONDS)[1]
            return _answer(job, time.monotonic() - started)
        finally:
            client.call("DELETE", session)
    except (OSError, KeyError) as error:
        raise LocalError("The service is up but took no message: see web.log.") from error


def _answer(job: dict[str, Any], seconds: float) -> Answer:
    if job.get("status") != "completed":
        reason = "it takes longer than a minute" if job.get("status") in _STILL_GOING else _reason(job)
        raise LocalError(f"The service is up but did not answer a message ({reason}): see web.log and worker.log.")
    output = job["output"]
    return Answer(output["text"], [(cited["id"], cited["title"]) for cited in output["citations"]], seconds)


def _reason(job: dict[str, Any]) -> str:
    """The code of a failed job, or of a refused request."""
    error = job.get("error") or job
    return str(error.get("code", "no reason given"))
