from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from local.valkey import ValkeyServer, running
from store import keys
from store.client import connect
from store.crypto import Vault
from store.job_errors import INTERNAL
from store.notifications import Notifications
from tests.integration.ledger_kit import Kit, wait_for, wait_until_written

SECONDS = 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """One to be killed: a server of this test's own."""
    with running(tmp_path) as server:
        yield server


def _listening(url: str, client: Any) -> Notifications:
    """Notifications that hear every word said from now on."""
    notifications = Notifications(connect(url))
    _until_heard(notifications, client)
    return notifications


def _until_heard(notifications: Notifications, client: Any) -> None:
    with notifications.watch("probe") as probe:  # whoever watches first starts the listener
        wait_for(lambda: client.pubsub_numpat() == 1)
        probe.clear()
        wait_for(lambda: client.publish(keys.notify_channel("probe"), "x") and probe.wait(0.05))


def test_a_waiter_is_woken_by_every_change_of_its_job_and_by_no_other(kit: Kit) -> None:
    notifications = _listening(kit.settings.redis_url, kit.redis)
    session = kit.open()
    job_id, other = kit.submit(session), kit.submit(kit.open())
    with notifications.watch(job_id) as mine, notifications.watch(other) as theirs:
        hold = kit.claim(job_id)
        changes: list[Callable[[], object]] = [
            lambda: hold.progress(stage="generating"),
            lambda: hold.release(delay_ms=0, waiting_for="model", refund=True),
            lambda: kit.run(job_id),
            lambda: kit.sessions.erase(session.id),
        ]
        for change in changes:
            mine.clear()
            change()
            assert mine.wait(SECONDS)
        assert not theirs.is_set()


@pytest.mark.parametrize("end", ["fail", "cancel", "expire", "reap"])
def test_a_waiter_is_woken_however_the_job_ends(kit: Kit, end: str) -> None:
    notifications = _listening(kit.settings.redis_url, kit.redis)
    job_id = kit.submit(kit.open())
    hold = kit.claim(job_id) if end != "cancel" else None
    with notifications.watch(job_id) as event:
        if hold and end == "fail":
            hold.fail(INTERNAL)
        elif end == "cancel":
            kit.cancel(job_id)
        elif end == "expire":
            kit.end_deadline(job_id)
            kit.ledger.reap()
        else:
            kit.end_lease(job_id)
            kit.ledger.reap()
        assert event.wait(SECONDS)


def test_all_who_wait_for_a_job_are_woken(kit: Kit) -> None:
    notifications = _listening(kit.settings.redis_url, kit.redis)
    job_id = kit.submit(kit.open())
    with notifications.watch(job_id) as one, notifications.watch(job_id) as two:
        kit.cancel(job_id)
        assert one.wait(SECONDS)
        assert two.wait(SECONDS)


def test_what_was_said_before_the_subscription_stood_is_not_missed(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    client: Any = connect(kit.settings.redis_url)
    subscribe, cancelled = client.pubsub, threading.Event()
    client.pubsub = lambda: cancelled.wait(SECONDS) and subscribe()
    with Notifications(client).watch(job_id) as event:
        kit.cancel(job_id)
        assert not event.is_set()
        cancelled.set()
        assert event.wait(SECONDS)


def test_watching_leaves_nothing_behind(kit: Kit) -> None:
    notifications = _listening(kit.settings.redis_url, kit.redis)
    with pytest.raises(RuntimeError), notifications.watch("job_1"), notifications.watch("job_1"):
        raise RuntimeError
    assert not notifications._waiting


def test_one_connection_serves_all_who_wait(kit: Kit) -> None:
    notifications = _listening(kit.settings.redis_url, kit.redis)
    connections = kit.redis.info("clients")["connected_clients"]
    with ExitStack() as stack:
        waiting = [stack.enter_context(notifications.watch(keys.job_id("sess_1", n))) for n in range(50)]
        for n in range(50):
            kit.redis.publish(keys.notify_channel(keys.job_id("sess_1", n)), "progress")
        assert all(event.wait(SECONDS) for event in waiting)
        assert kit.redis.info("clients")["connected_clients"] == connections


def test_a_waiter_survives_the_death_of_redis_and_is_woken_afterwards(
    server: ValkeyServer, vault: Vault, settings: Settings
) -> None:
    client: Any = connect(server.url)
    kit = Kit(client, vault, replace(settings, redis_url=server.url))
    notifications = _listening(server.url, client)
    job_id = kit.submit(kit.open())
    wait_until_written(client)
    with notifications.watch(job_id) as event:
        server.kill()
        assert event.wait(SECONDS), "whoever waits is told to look again when the connection is lost"
        server.restart()
        _until_heard(notifications, client)
        event.clear()
        kit.run(job_id)
        assert event.wait(SECONDS)
    assert kit.job(job_id).status == "completed"


def test_a_lost_server_is_not_called_when_nobody_waits(server: ValkeyServer) -> None:
    client: Any = connect(server.url)
    before = set(threading.enumerate())
    notifications = _listening(server.url, client)
    (listener,) = set(threading.enumerate()) - before

    server.kill()

    listener.join(SECONDS)
    assert not listener.is_alive()
    server.restart()
    _until_heard(notifications, client)
