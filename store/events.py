"""What happened to a job, in order: stages, transcript, sentences, restarts. Kept, sealed, as long as the job."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from store import keys
from store.redis_commands import Redis
from store.sessions import Session

_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")  # as Redis makes them; 19 digits always fit its 64 bits
_START = "0-0"


@dataclass(frozen=True)
class Event:
    """`id` orders the events of a job and resumes a stream; `type` is stage, transcript, token, audio or restart."""

    id: str
    type: str
    data: dict[str, Any]


class Events:
    """Reads what `Hold.progress` wrote."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def after(self, job_id: str, session: Session, last_id: str) -> list[Event]:
        """The events that follow `last_id`; all of them when that is empty or no event id."""
        start = last_id if _ID.fullmatch(last_id) else _START
        found = []
        for event_id, fields in self._redis.xrange(keys.events(job_id), min=f"({start}"):
            event = session.cipher.open_json(f"{job_id}|event", fields[b"event"])
            found.append(Event(event_id.decode(), event["type"], event["data"]))
        return found
