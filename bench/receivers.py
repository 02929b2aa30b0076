"""What a dead webhook receiver costs the others: `python -m bench.receivers [waiting events]`, about a minute.

A whole service (the code path of `make run`), a receiver that never answers with so many events waiting for it, and
another one that gets single events meanwhile. Prints how long each of those took from the job's end to its arrival,
and exits 1 when one took longer than a second.
"""

from __future__ import annotations

import os
import platform
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from bench.chaos.listener import Listener
from local import env_file
from local.stack import Stack, running
from store import keys
from store.client import connect
from store.crypto import Vault
from store.jobs import Jobs
from store.sessions import Sessions
from store.submission import Settled, Submission

WAITING = 10_000
SINGLES = 30
LIMIT_SECONDS = 1.0
_KEYS = ("bench-key-of-the-dead-receiver", "bench-key-of-the-other")


class _Silent:
    """Takes every connection and says nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            self._held.append(self._listener.accept()[0])


def _pile_up(stack: Stack, session_id: str, count: int) -> None:
    """So many jobs that ended, without the wait for a model: as an escalated message ends."""
    redis = connect(stack.settings.redis_url)
    vault, settings = Vault(stack.settings.data_encryption_keys), replace(stack.settings, max_history_messages=10)
    sessions, jobs = Sessions(redis, vault, settings), Jobs(redis, vault, settings)
    session = sessions.get(session_id)
    assert session, "it was opened just now"  # noqa: S101 (for the type checker)
    for number in range(count):
        message = Submission(type="message", input={"text": "x"}, deadline_ms=0, request_id="bench")
        jobs.submit(replace(session, jobs=number), message, Settled("answered", "x", []))
    with closing(redis):
        while any(redis.llen(queue) for queue in (keys.DELIVERIES,)):
            time.sleep(0.1)


def _single(http: httpx.Client, session_id: str, listener: Listener) -> float:
    """Seconds from a job's end to the arrival of its event."""
    path = f"/sessions/{session_id}/messages"
    job = http.post(path, json={"text": "Is walking enough?"}, headers={"Prefer": "wait=30"}).json()
    while job["id"] not in listener.heard:
        time.sleep(0.002)
    return time.time() - datetime.fromisoformat(job["completed_at"]).timestamp()


def _measure(waiting: int, folder: Path) -> list[float]:
    silent, listener = _Silent(), Listener(fails=0)
    env: dict[str, str] = env_file.generated() | {
        "API_KEYS": ",".join(_KEYS),
        "WEBHOOK_ALLOW_HTTP_HOSTS": "127.0.0.1",
    }
    with running(folder, env) as stack, closing(listener):
        clients = [httpx.Client(base_url=stack.base_url, headers={"X-API-Key": key}, timeout=60) for key in _KEYS]
        sessions = []
        for http, port in zip(clients, (silent.port, listener.port), strict=True):
            body: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/", "events": ["job.completed"]}
            http.post("/webhook-endpoints", json=body).raise_for_status()
            sessions.append(http.post("/sessions").json()["session_id"])
        _pile_up(stack, sessions[0], waiting)
        return [_single(clients[1], sessions[1], listener) for _ in range(SINGLES)]


def main() -> int:
    """0 = within the limit."""
    waiting = int(sys.argv[1]) if len(sys.argv) > 1 else WAITING
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        took = _measure(waiting, Path(folder))
    middle = f"p50 {statistics.median(took) * 1000:.0f} ms, max {max(took) * 1000:.0f} ms"
    print(f"{len(took)} single events beside {waiting} that wait for a dead receiver: {middle}")
    return int(max(took) > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
