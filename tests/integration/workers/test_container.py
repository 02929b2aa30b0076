"""What a worker process builds for itself."""

from __future__ import annotations

from dataclasses import replace

from config import Settings
from store.client import CONNECTIONS, pool_of
from workers.container import Container


def test_every_slot_has_a_connection_to_redis_and_the_heartbeat_too(settings: Settings) -> None:
    slots = CONNECTIONS + 50  # more than would do for a web process
    pool = pool_of(Container(replace(settings, worker_slots=slots)).ledger._redis)

    taken = [pool.get_connection() for _ in range(slots + 1)]

    for connection in taken:
        pool.release(connection)
    pool.disconnect()
