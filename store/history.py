"""The capped conversation of a session."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from store import keys
from store.redis_commands import Redis
from store.sessions import Session

_PLACE = "history"


@dataclass(frozen=True)
class Message:
    """One side of a turn; `at` in milliseconds since the epoch."""

    role: str
    text: str
    at: int
    job_id: str
    citations: list[dict[str, Any]] = field(default_factory=list)


def seal(session: Session, message: Message) -> bytes:
    """A message as it lies in the history list: behind its job's id, so that one job's turns can be erased."""
    return f"{message.job_id}|".encode() + session.cipher.seal_json(_PLACE, asdict(message))


class History:
    """Reads what the ledger's commit wrote."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def count(self, session: Session) -> int:
        """How many messages are kept."""
        return self._redis.llen(keys.history(session.id))

    def read(self, session: Session) -> list[Message]:
        """All kept messages, oldest first (at most `MAX_HISTORY_MESSAGES`)."""
        sealed = self._redis.lrange(keys.history(session.id), 0, -1)
        return [Message(**session.cipher.open_json(_PLACE, entry.partition(b"|")[2])) for entry in sealed]
