"""How full Redis is, and the refusal before it is: a full server can no longer write down how a running job ends."""

from __future__ import annotations

import time
from dataclasses import dataclass

from redis.exceptions import OutOfMemoryError

from store.redis_commands import Redis

FULL = 0.9  # of maxmemory: the rest is for what was accepted
_LOOK_AGAIN_SECONDS = 1.0
_AUDIO_SHARE = 0.5  # of maxmemory, for recordings that wait for a worker
_AUDIO_BYTES = 512 * 1024 * 1024  # where Redis has no maxmemory


@dataclass(frozen=True)
class Room:
    """Bytes that Redis uses, and its `maxmemory`; None = it has none."""

    used: int
    limit: int | None

    @property
    def full(self) -> bool:
        """Whether nothing new should be accepted."""
        return self.limit is not None and self.used >= self.limit * FULL

    @property
    def for_audio(self) -> int:
        """How many bytes all unfinished recordings may take up together."""
        return _AUDIO_BYTES if self.limit is None else int(self.limit * _AUDIO_SHARE)


class Memory:
    """Asks Redis how full it is, once a second at most."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._seen: Room | None = None
        self._look_at = 0.0

    def room(self) -> Room:
        """How full Redis is, at most a second ago."""
        now = time.monotonic()
        if self._seen is None or now >= self._look_at:
            memory = self._redis.info("memory")
            self._seen = Room(int(memory["used_memory"]), int(memory["maxmemory"]) or None)
            self._look_at = now + _LOOK_AGAIN_SECONDS
        return self._seen

    def check(self) -> None:
        """Raise what Redis itself would say when it is full, while it still has room for what was accepted.

        Raises:
            OutOfMemoryError: more than `FULL` of its `maxmemory` is in use.
        """
        if self.room().full:
            raise OutOfMemoryError("nearly full")
