"""The spoken reply of a job: sealed parts of one file, which are there as soon as they are spoken."""

from __future__ import annotations

from store import keys
from store.redis_commands import Redis
from store.sessions import Session


def place(job_id: str, number: int) -> str:
    """What the n-th part, counted from 0, is sealed for."""
    return f"{job_id}|speech|{number}"


class Speech:
    """Reads what `Hold.progress` wrote."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def parts(self, job_id: str, session: Session, start: int = 0) -> list[bytes]:
        """The parts from the `start`-th on that are there; joined, they are the file.

        Raises:
            SealError: when one cannot be opened.
        """
        sealed = self._redis.lrange(keys.speech(job_id), start, -1)
        return [session.cipher.open(place(job_id, start + n), part) for n, part in enumerate(sealed)]
