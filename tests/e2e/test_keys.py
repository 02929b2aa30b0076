"""API keys on a running service: what an operator types, and how fast it takes hold everywhere."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from store import keys
from store.client import connect
from tests.e2e.client import Client

ROOT = Path(__file__).parents[2]
PROMISED_SECONDS = 5


@pytest.fixture
def flask(client: Client, tmp_path: Path) -> Callable[..., str]:
    """`flask --app web.wsgi …` on the machine of the service; answers with its standard output."""
    settings = client.stack.settings
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(settings.data_dir),
        "DATA_ENCRYPTION_KEYS": ",".join(base64.b64encode(key).decode() for key in settings.data_encryption_keys),
    }

    def run(*words: str) -> str:
        command = [str(Path(sys.executable).parent / "flask"), "--app", "web.wsgi", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 (our own)
        return done.stdout.strip()

    return run


def _slow_job(client: Client, key: str) -> tuple[str, str]:
    """Two jobs of one session: the first one runs for half a minute, the other one waits behind it."""
    client.offline_fault("chat", "slow; seconds=30", times=1)
    session = client.post("/sessions", key=key).json()["session_id"]
    path, text = f"/sessions/{session}/messages", {"text": "What about swimming?"}
    running, waiting = (client.post(path, json=text, key=key).json()["id"] for _ in range(2))
    client.until_true(lambda: client.get(f"/jobs/{running}", key=key).json()["stage"] == "generating")
    return running, waiting


def _statuses(client: Client, jobs: tuple[str, ...]) -> list[bytes]:
    redis: Any = connect(client.stack.settings.redis_url)
    try:
        return [redis.hget(keys.job(job), "status") for job in jobs]
    finally:
        redis.close()


def test_a_key_revoked_at_the_command_line_is_dead_within_five_seconds(
    client: Client, flask: Callable[..., str]
) -> None:
    key = flask("keys", "create", "Study A")
    key_id = key.partition(".")[0]
    assert key_id in flask("keys", "list")
    jobs = _slow_job(client, key)
    answers: list[httpx.Response] = []
    ended: list[float] = []

    def wait_long() -> None:
        answers.append(client.get(f"/jobs/{jobs[0]}?wait=60", key=key))
        ended.append(time.monotonic())

    waiting = threading.Thread(target=wait_long, daemon=True)
    waiting.start()
    assert flask("keys", "revoke", key_id) == f"{key_id} is revoked. Jobs cancelled: 2."
    revoked = time.monotonic()

    assert client.get("/sessions", key=key).status_code == 401
    waiting.join(timeout=30)
    assert answers[0].status_code == 401
    client.until_true(lambda: _statuses(client, jobs) == [b"cancelled"] * 2, seconds=PROMISED_SECONDS)
    assert ended[0] - revoked < PROMISED_SECONDS
    assert flask("audit", "tail", "-n", "1").count("key.revoked") == 1


def test_jobs_of_a_key_that_expires_are_cancelled_within_five_seconds(client: Client) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=8)
    admin = client.stack.settings.admin_api_key
    made = client.post("/keys", key=admin, json={"name": "for eight seconds", "expires_at": expires.isoformat()})
    jobs = _slow_job(client, made.json()["key"])
    assert b"cancelled" not in _statuses(client, jobs)
    left = (expires - datetime.now(UTC)).total_seconds()

    client.until_true(lambda: _statuses(client, jobs) == [b"cancelled"] * 2, seconds=left + PROMISED_SECONDS)
    assert client.get("/sessions", key=made.json()["key"]).status_code == 401
