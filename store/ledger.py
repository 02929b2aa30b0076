"""The worker's side of the ledger: claim a job, keep its lease, look after those that came due."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from enum import Enum

from config import Settings
from store import engine, keys
from store.client import milliseconds
from store.crypto import Vault
from store.hold import Hold
from store.redis_commands import Redis
from store.scripts import Scripts
from store.sessions import Sessions

_BATCH = 500


class Word(Enum):
    """What a heartbeat learns about a job."""

    OK = b"ok"
    CANCEL = b"cancel"
    LOST = b"lost"


class Ledger:
    """Every method is one script; what it does is described in `lua/`."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._settings = settings
        self._sessions = Sessions(redis, vault, settings)

    def claim(self, job_id: str) -> Hold | None:
        """The lease on a job whose message arrived, or None: it is over, erased, held elsewhere, or not its turn."""
        session_id = keys.session_of(job_id)
        stored = self._redis.hmget(keys.job(job_id), ["type", "key_id"])
        if session_id is None or not stored[0] or not stored[1]:
            return None
        code, key_id = keys.CODE_OF_TYPE[stored[0].decode()], stored[1].decode()
        script_keys = keys.ledger(session_id, key_id, job_id)
        claim = secrets.token_hex(8)  # makes it harmless if the client library sends the script twice
        arguments = engine.arguments(self._settings, session_id=session_id, job=job_id, code=code, claim=claim)
        answer = self._scripts.run("claim", script_keys, [arguments])
        if answer[0] != b"ok":
            return None
        fence, attempt, left_ms = map(int, answer[1:])
        session = self._sessions.get(session_id)
        record = self._redis.hgetall(keys.job(job_id))
        if session is None or not record:  # erased within these microseconds
            return None
        return Hold(
            self._redis,
            self._scripts,
            self._settings,
            session=session,
            job_id=job_id,
            record=record,
            fence=fence,
            attempt=attempt,
            ends=time.monotonic() + left_ms / 1000,
        )

    def renew(self, holds: Iterable[Hold]) -> list[Word]:
        """One heartbeat for all jobs of this process; answers in the same order."""
        held = list(holds)
        if not held:
            return []
        arguments: list[str | bytes | int] = [engine.LEASE_MS]
        for hold in held:
            arguments += [hold.job_id, hold.fence, hold.used()]
        script_keys = [keys.LEASES, *(keys.job(hold.job_id) for hold in held)]
        return [Word(word) for word in self._scripts.run("renew", script_keys, arguments)]

    def reap(self) -> dict[str, int]:
        """Look after every job whose lease, deadline or next dispatch came due; returns how many of each kind.

        Safe to run at any time, from several processes, any number of times.
        """
        now = milliseconds(self._redis.time())
        due: set[bytes] = set()
        for index in (keys.LEASES, keys.DEADLINES, keys.DISPATCH):
            due.update(self._redis.zrangebyscore(index, 0, now, start=0, num=_BATCH))
        done: dict[str, int] = {}
        for member in sorted(due):
            word = self._reap_one(member.decode())
            done[word] = done.get(word, 0) + 1
        return done

    def _reap_one(self, job_id: str) -> str:
        stored = self._redis.hmget(keys.job(job_id), ["type", "key_id"])
        code = keys.CODE_OF_TYPE[stored[0].decode() if stored[0] else "message"]
        session_id, key_id = keys.session_of(job_id) or "", stored[1].decode() if stored[1] else ""
        arguments = engine.arguments(self._settings, session_id=session_id, job=job_id, code=code)
        answer: bytes = self._scripts.run("reap", keys.ledger(session_id, key_id, job_id), [arguments])
        return answer.decode()
