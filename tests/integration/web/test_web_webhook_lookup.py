"""A real gunicorn with our configuration, and a name server that never answers."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import Settings
from local import ports
from tests.integration.ledger_kit import wait_for

ROOT = Path(__file__).parents[3]
KEY = "a-key"
# The product's own entry point, with another name server in its guard.
APP = """
import os
from dataclasses import replace
from functools import partial
import dns.resolver
from web.wsgi import app
from webhooks.guard import Guard
from webhooks.resolving import by_dns

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(os.environ["NAME_SERVER_PORT"])
guard = Guard((), partial(by_dns, resolver=resolver))
app.extensions["services"] = replace(app.extensions["services"], guard=guard)
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A name server that takes questions and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        yield server


@pytest.fixture
def client(settings: Settings, redis: Any, silent: socket.socket, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of one web process."""
    (tmp_path / "asking.py").write_text(APP)
    port = ports.free_port()
    environment = {
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "REDIS_URL": settings.redis_url,
        "DATA_ENCRYPTION_KEYS": base64.b64encode(settings.data_encryption_keys[0]).decode(),
        "API_KEYS": KEY,
        "NAME_SERVER_PORT": str(silent.getsockname()[1]),
    }
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "web" / "gunicorn.conf.py"), "--workers", "1"]
    with subprocess.Popen(  # noqa: S603 (our own command)
        [*command, "asking:app"], cwd=tmp_path, env=environment, start_new_session=True
    ) as master:
        try:
            wait_for(lambda: ports.obstacle(port), seconds=20)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": KEY}, timeout=20) as http:
                yield http
        finally:
            with suppress(ProcessLookupError):
                os.killpg(master.pid, signal.SIGKILL)


def test_a_lookup_that_is_never_answered_holds_up_nobody_else(client: httpx.Client, silent: socket.socket) -> None:
    body = {"url": "https://hooks.example.com/"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.post, "/webhook-endpoints", json=body)
        question = silent.recv(512)
        others = [client.get("/webhook-endpoints").status_code for _ in range(10)]
        was_waiting = not waiting.done()
        refused = waiting.result()

    assert b"hooks" in question
    assert (others, was_waiting) == ([200] * 10, True)
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_url_blocked")
