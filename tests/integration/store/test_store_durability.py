from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from config import Settings
from local.valkey import ValkeyServer, running
from store import keys
from store.client import connect
from store.crypto import Vault
from tests.integration.ledger_kit import SAID, Kit, wait_until_written

ACKNOWLEDGED = 200


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with running(tmp_path) as server:
        yield server


@pytest.fixture
def kit(server: ValkeyServer, vault: Vault, settings: Settings) -> Kit:
    """On a server of this test's own, to be killed."""
    client: Any = connect(server.url)
    return Kit(client, vault, replace(settings, redis_url=server.url))


def test_every_acknowledged_job_survives_kill_9_and_no_job_is_half_there(server: ValkeyServer, kit: Kit) -> None:
    sessions = [kit.open(f"key_{n % 2}") for n in range(20)]
    accepted: list[str] = []
    enough = threading.Event()

    def submit_until_redis_dies(part: int) -> None:
        try:
            while True:
                for session in sessions[part::4]:
                    accepted.append(kit.submit(kit.again(session)))
                    if len(accepted) >= ACKNOWLEDGED:
                        enough.set()
        except RedisError:
            return

    with ThreadPoolExecutor(4) as pool:
        for part in range(4):
            pool.submit(submit_until_redis_dies, part)
        assert enough.wait(60)
        server.kill()
    server.restart()

    assert len(accepted) >= ACKNOWLEDGED
    lines = {session.id: kit.line(session) for session in sessions}
    in_line = {job_id for line in lines.values() for job_id in line}
    assert set(accepted) <= in_line
    assert {key.decode().removeprefix("rr:job:") for key in kit.redis.scan_iter("rr:job:*")} == in_line
    assert {member.decode() for member in kit.redis.zrange(keys.DEADLINES, 0, -1)} == in_line
    assert sorted(kit.messages()) == sorted(line[0] for line in lines.values())
    for session in sessions:
        assert lines[session.id] == [keys.job_id(session.id, n) for n in range(1, kit.again(session).jobs + 1)]
        assert kit.claim(lines[session.id][0]).input == {"text": SAID}


def test_a_job_acknowledged_while_the_log_is_being_synced_survives_kill_9(server: ValkeyServer, kit: Kit) -> None:
    # A server that syncs its log in the background may hold writes back meanwhile, and acknowledge them all the same.
    sessions = [kit.open(f"key_{n}") for n in range(20)]
    give_up = time.monotonic() + 2.5
    accepted: list[str] = []
    while not kit.redis.info("persistence")["aof_buffer_length"] and time.monotonic() < give_up:
        accepted.append(kit.submit(kit.again(sessions[len(accepted) % len(sessions)])))
    server.kill()
    server.restart()
    assert accepted[-1] in [job_id for session in sessions for job_id in kit.line(session)]


def test_a_commit_survives_kill_9(server: ValkeyServer, kit: Kit) -> None:
    session = kit.open()
    first, second = kit.submit(session), kit.submit(session)
    kit.run(first)
    server.kill()
    server.restart()
    assert (kit.job(first).status, len(kit.history.read(session))) == ("completed", 2)
    assert second in kit.messages()


def test_a_holder_goes_on_after_redis_came_back(server: ValkeyServer, kit: Kit) -> None:
    hold = kit.claim(kit.submit(kit.open()))
    wait_until_written(kit.redis)
    server.kill()
    with pytest.raises(RedisError):
        kit.commit(hold)
    server.restart()
    kit.commit(hold)
    assert kit.job(hold.job_id).status == "completed"


def test_while_redis_is_away_a_submit_is_refused_within_seconds(server: ValkeyServer, kit: Kit) -> None:
    session = kit.open()
    wait_until_written(kit.redis)
    server.kill()
    with pytest.raises(RedisError):
        kit.submit(session)
    server.restart()
    assert kit.line(session) == []
    assert kit.submit(session) in kit.line(session)
