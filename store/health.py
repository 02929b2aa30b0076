"""Proof of life: canaries that came out of a queue, and the last result of each check a worker made."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

from store import keys
from store.client import milliseconds
from store.memory import Memory, Room
from store.redis_commands import Redis


@dataclass(frozen=True)
class Check:
    """The last result of one check; `at` in seconds since the epoch."""

    ok: bool
    at: float


class Health:
    """What workers write and `/healthz` and `/readyz` read."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._memory = Memory(redis)

    def saw_canary(self, queue: str) -> None:
        """A worker took a canary out of this queue just now."""
        self._redis.set(keys.canary(queue), int(time.time() * 1000))

    def canary_ages(self) -> dict[str, float | None]:
        """Seconds since each queue was last seen to be consumed; None = never."""
        now = time.time() * 1000
        seen = {queue: self._redis.get(keys.canary(queue)) for queue in keys.QUEUES}
        return {queue: None if at is None else max(0.0, (now - int(at)) / 1000) for queue, at in seen.items()}

    def waiting(self) -> dict[str, int]:
        """How many messages lie in each queue."""
        return {queue: self._redis.llen(queue) for queue in keys.QUEUES}

    def sessions(self) -> int:
        """How many sessions are open now."""
        return self._redis.zcount(keys.SESSIONS, milliseconds(self._redis.time()), "+inf")

    def room(self) -> Room:
        """How full Redis is."""
        return self._memory.room()

    def record(self, name: str, ok: bool) -> None:
        """The result of a check that only a worker can make (Qdrant, the model API)."""
        self._redis.hset(keys.HEALTH, name, json.dumps(asdict(Check(ok, time.time()))))

    def checks(self) -> dict[str, Check]:
        """The last result of every check that was ever recorded."""
        return {name.decode(): Check(**json.loads(raw)) for name, raw in self._redis.hgetall(keys.HEALTH).items()}
