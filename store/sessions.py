"""Sessions: opening within caps, looking up by owner, and erasing with a receipt."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from config import Settings
from store import audit, delivery_scripts, engine, keys
from store.client import milliseconds
from store.crypto import SessionCipher, Vault
from store.memory import Memory
from store.redis_commands import Redis
from store.scripts import Scripts

_BATCH = 200
_RECEIPT = ("messages", "jobs", "events", "recordings", "deliveries")


class SessionCapReached(Exception):
    """No more sessions may be open now; `policies` names each cap that is reached."""

    def __init__(self, policies: list[str]) -> None:
        super().__init__(*policies)
        self.policies = policies


@dataclass(frozen=True)
class Session:
    """A session as its owner may see it; times in milliseconds since the epoch."""

    id: str
    key_id: str
    created_at: int
    expires_at: int
    jobs: int
    metadata: dict[str, Any]
    state: dict[str, Any] | None
    cipher: SessionCipher


class Sessions:
    """The sessions of every API key."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._vault = vault
        self._settings = settings
        self._memory = Memory(redis)

    def open(self, key_id: str, metadata: dict[str, Any]) -> Session:
        """Open a session.

        Raises:
            SessionCapReached: too many are open.
            OutOfMemoryError: Redis is nearly full.
        """
        self._memory.check()
        session_id = f"sess_{secrets.token_hex(16)}"
        wrapped = self._vault.new_wrapped_key(session_id)
        cipher = self._vault.cipher(session_id, wrapped)
        limits = {
            "session": session_id,
            "key_id": key_id,
            "key_cap": self._settings.max_sessions_per_api_key,
            "total_cap": self._settings.max_total_sessions,
            "ttl_ms": engine.ttl_ms(self._settings),
            "max_ms": engine.session_max_ms(self._settings),
        }
        answer = self._scripts.run(
            "open_session",
            [keys.session(session_id), keys.SESSIONS, keys.sessions_of(key_id)],
            [json.dumps(limits), wrapped, cipher.seal_json("metadata", metadata)],
        )
        if answer[0] != b"ok":
            raise SessionCapReached([policy.decode() for policy in answer[1:]])
        return Session(session_id, key_id, int(answer[1]), int(answer[2]), 0, metadata, None, cipher)

    def get(self, session_id: str, owner: str | None = None) -> Session | None:
        """A live session, or None if it is unknown, expired, erased or another key's (`owner`)."""
        stored = self._live(session_id, owner)
        if stored is None:
            return None
        cipher = self._vault.cipher(session_id, stored[b"data_key"])
        state = stored.get(b"state")
        return Session(
            id=session_id,
            key_id=stored[b"key_id"].decode(),
            created_at=int(stored[b"created_at"]),
            expires_at=int(stored[b"expires_at"]),
            jobs=int(stored[b"n"]),
            metadata=cipher.open_json("metadata", stored[b"metadata"]),
            state=cipher.open_json("state", state) if state else None,
            cipher=cipher,
        )

    def list(self, key_id: str, *, limit: int, cursor: str | None) -> tuple[list[Session], str | None]:
        """An API key's live sessions, newest first, and the cursor of the next page (None = no more)."""
        now = milliseconds(self._redis.time())
        live = [member.decode() for member in self._redis.zrangebyscore(keys.sessions_of(key_id), now, "+inf")]
        with self._redis.pipeline(transaction=False) as pipe:
            for session_id in live:
                pipe.hget(keys.session(session_id), "created_at")
            opened = pipe.execute()
        places = sorted((f"{int(at):015}:{session_id}" for at, session_id in zip(opened, live, strict=True) if at))
        older = [place for place in reversed(places) if cursor is None or place < cursor]
        page = [self.get(place.partition(":")[2], key_id) for place in older[:limit]]
        return [session for session in page if session], older[limit - 1] if len(older) > limit else None

    def erase(self, session_id: str, owner: str | None = None) -> dict[str, int] | None:
        """Remove everything of a session, also while a job runs; None if there is no such session of this owner.

        Returns how many of each were removed: sessions, messages, jobs, events, recordings, webhook deliveries.
        """
        if owner is not None and self._live(session_id, owner) is None:  # erasing needs no key to read with
            return None
        return self._erase(session_id, only_expired=False, actor=owner or "service")

    def sweep(self) -> int:
        """Erase the sessions whose time is over; returns how many."""
        due = self._redis.zrangebyscore(keys.SESSIONS, 0, milliseconds(self._redis.time()), start=0, num=_BATCH)
        return sum(self._erase(member.decode(), only_expired=True) is not None for member in due)

    def rewrite_log_if_due(self) -> None:
        """After an erasure, have Redis rewrite its append-only file, which still holds what was erased."""
        if self._redis.delete(keys.REWRITE_DUE):
            try:
                self._redis.bgrewriteaof()
            except ResponseError:  # one is under way, and began before this erasure: ask again at the next round
                self._redis.set(keys.REWRITE_DUE, 1)

    def _live(self, session_id: str, owner: str | None) -> dict[bytes, bytes] | None:
        with self._redis.pipeline(transaction=False) as pipe:
            stored, now = pipe.hgetall(keys.session(session_id)).time().execute()
        if not stored or int(stored[b"expires_at"]) <= milliseconds(now):
            return None
        if owner is not None and stored[b"key_id"].decode() != owner:
            return None
        found: dict[bytes, bytes] = stored
        return found

    def _erase(self, session_id: str, *, only_expired: bool, actor: str = "") -> dict[str, int] | None:
        while True:
            stored = self._redis.hmget(keys.session(session_id), ["key_id", "n"])
            key_id = stored[0].decode() if stored[0] else ""
            jobs = [keys.job_id(session_id, n) for n in range(1, int(stored[1] or 0) + 1)]
            with self._redis.pipeline(transaction=False) as pipe:
                for job in jobs:
                    pipe.hget(keys.job(job), "idempotency")
                records = [record.decode() if record else "" for record in pipe.execute()]
            fanned, deliveries, delivery_keys = delivery_scripts.places(self._redis, [] if only_expired else jobs)
            script_keys = keys.ledger(session_id, key_id, keys.job_id(session_id, 0))
            script_keys += [keys.REWRITE_DUE, keys.deliveries_of(key_id), keys.RECEIVERS]
            for job, record in zip(jobs, records, strict=True):
                script_keys += [keys.job(job), keys.events(job), keys.audio(job), keys.speech(job)]
                script_keys += [record or keys.idempotency(key_id, "none"), keys.webhook_event(job)]
            arguments = engine.arguments(
                self._settings,
                session_id=session_id,
                job="",
                code="m",
                jobs=jobs,
                only_expired=int(only_expired),
                audit=audit.entry("session.erased", actor, session_id),
                fanned=fanned,
                deliveries=deliveries,
            )
            answer = self._scripts.run("erase", [*script_keys, *delivery_keys, keys.AUDIT], [arguments])
            if answer[0] == b"ok":
                return {"sessions": 1, **dict(zip(_RECEIPT, map(int, answer[1:]), strict=True))}
            if answer[0] != b"raced":  # a job came in between, or was told to receivers: look again
                return None
