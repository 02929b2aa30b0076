"""What was sent to webhook receivers, as its owner may see it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from config import Settings
from store import delivery_scripts, keys
from store.crypto import Vault
from store.errands import answer_cipher
from store.redis_commands import Redis
from store.scripts import Scripts
from store.sessions import Sessions

STATUSES = ("pending", "delivered", "failed")
_SCANNED = 500


@dataclass(frozen=True)
class Attempt:
    """One request to the receiver: when (ms), its status (None: no answer came), how long, and why it failed."""

    at: int
    status: int | None
    latency_ms: int
    error: str | None
    answer: str | None  # the first 1 kB of the body


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one receiver; times in milliseconds since the epoch."""

    id: str
    job_id: str | None  # None for a sample event
    session_id: str | None
    type: str
    endpoint_id: str | None  # None for a URL that the job named
    status: str
    reason: str | None  # why it was given up
    attempts: list[Attempt]
    created_at: int
    next_attempt_at: int | None
    ended_at: int | None


class Deliveries:
    """The deliveries of every API key."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._vault = vault
        self._settings = settings
        self._sessions = Sessions(redis, vault, settings)

    def get(self, delivery_id: str, owner: str) -> Delivery | None:
        """A delivery of this owner, or None; a foreign one costs the same commands as an unknown one."""
        stored = self._redis.hgetall(keys.delivery(delivery_id))
        if not stored or stored[b"key_id"].decode() != owner:
            return None
        return self._decode(delivery_id, stored)

    def of_job(self, job_id: str, owner: str) -> list[Delivery]:
        """What was sent about a job, in the order in which it was made."""
        count = int(self._redis.hget(keys.webhook_event(job_id), "count") or 0)
        found = (self.get(keys.delivery_id(job_id, number), owner) for number in range(count))
        return [delivery for delivery in found if delivery]

    def list(
        self, key_id: str, *, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Delivery], str | None]:
        """An API key's deliveries, newest first, and the cursor of the next page (None = no more).

        A page may be shorter than `limit` and still have a next one: at most `_SCANNED` are looked at for a page.
        """
        newest = f"({cursor}" if cursor else "+inf"
        members = self._redis.zrevrangebyscore(
            keys.deliveries_of(key_id), newest, "-inf", start=0, num=_SCANNED, withscores=True
        )
        found: list[Delivery] = []
        for member, score in members:
            delivery = self.get(member.decode(), key_id)
            if delivery and status in (None, delivery.status):
                found.append(delivery)
            if len(found) == limit:
                return found, f"{score:.0f}"
        more = len(members) == _SCANNED
        return found, f"{members[-1][1]:.0f}" if more else None

    def replay(self, delivery: Delivery) -> bool:
        """Send it once more with the same id; False while it is still on its way."""
        receiver = self._redis.hget(keys.delivery(delivery.id), "receiver")
        if receiver is None:
            return False
        script_keys = delivery_scripts.keys_of(delivery.id, receiver.decode())
        more = {"delivery": delivery.id, "receiver": receiver.decode(), "token": secrets.token_hex(8)}
        arguments = delivery_scripts.arguments(self._settings, **more)
        return bool(self._scripts.run("replay_delivery", script_keys, [arguments]) == b"ok")

    def _decode(self, delivery_id: str, stored: dict[bytes, bytes]) -> Delivery:
        def plain(name: str) -> str | None:
            return stored.get(name.encode(), b"").decode() or None

        def moment(name: str) -> int | None:
            return int(stored[name.encode()]) if name.encode() in stored else None

        cipher = answer_cipher(self._sessions, self._vault, plain("session_id"))

        def attempt(number: int) -> Attempt:
            sealed = stored.get(f"answer:{number}".encode())
            answer = cipher.open(delivery_scripts.answer_place(delivery_id), sealed) if cipher and sealed else None
            known = json.loads(stored[f"attempt:{number}".encode()])
            return Attempt(**known, answer=answer.decode(errors="replace") if answer else None)

        return Delivery(
            id=delivery_id,
            job_id=plain("job_id"),
            session_id=plain("session_id"),
            type=stored[b"type"].decode(),
            endpoint_id=plain("endpoint_id"),
            status=stored[b"status"].decode(),
            reason=plain("reason"),
            attempts=[attempt(number) for number in range(1, int(stored[b"attempts"]) + 1)],
            created_at=int(stored[b"created_at"]),
            next_attempt_at=moment("next_at"),
            ended_at=moment("ended_at"),
        )
