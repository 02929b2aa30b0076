"""The store with the shorthand that its tests share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from config import Settings
from store import keys
from store.crypto import Vault
from store.history import History
from store.hold import Hold
from store.job import Job
from store.jobs import Jobs, Settled, Submission
from store.ledger import Ledger
from store.sessions import Session, Sessions

SAID = "I managed ten minutes on the pier"
REPLY = "Ten minutes is a real start. What made it possible?"
LONG_AGO = 1  # ms since the epoch


def submission(text: str = SAID, **more: Any) -> Submission:
    """A message, or whatever `more` makes of it."""
    fields: dict[str, Any] = {"type": "message", "input": {"text": text}, "deadline_ms": 600_000, "request_id": "req_1"}
    return Submission(**{**fields, **more})


def recording(audio: bytes = b"RIFF-something-spoken", **more: Any) -> Submission:
    return submission(type="voice", input={}, audio=audio, **more)


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    """Return once the condition is truthy; fail when it is not within the limit."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "what the test waits for did not happen"
        time.sleep(0.01)


def wait_until_written(redis: Any) -> None:
    """Return once everything the server acknowledged is in its log, for tests of what a restart does after that."""
    wait_for(lambda: redis.info("persistence")["aof_buffer_length"] == 0)


class Kit:
    """One configuration of the store; both the web's side and the worker's."""

    def __init__(self, redis: Any, vault: Vault, settings: Settings) -> None:
        self.redis = redis
        self.settings = settings
        self.sessions = Sessions(redis, vault, settings)
        self.jobs = Jobs(redis, vault, settings)
        self.ledger = Ledger(redis, vault, settings)
        self.history = History(redis)

    # The web's side

    def open(self, key_id: str = "key_a", metadata: dict[str, Any] | None = None) -> Session:
        return self.sessions.open(key_id, metadata or {})

    def again(self, session: Session) -> Session:
        """The session as it is now."""
        found = self.sessions.get(session.id)
        assert found is not None
        return found

    def submit(self, session: Session, text: str = SAID, settled: Settled | None = None, **more: Any) -> str:
        job_id, _ = self.jobs.submit(session, submission(text, **more), settled)
        return job_id

    def speak(self, session: Session, **more: Any) -> str:
        job_id, _ = self.jobs.submit(session, recording(**more))
        return job_id

    def job(self, job_id: str) -> Job:
        session = self.sessions.get(keys.session_of(job_id) or "")
        assert session is not None
        found = self.jobs.get(job_id, session.key_id)
        assert found is not None
        return found

    def cancel(self, job_id: str) -> str:
        job = self.job(job_id)
        session = self.sessions.get(job.session_id)
        assert session is not None
        return self.jobs.cancel(job, session)

    # The worker's side

    def claim(self, job_id: str) -> Hold:
        hold = self.ledger.claim(job_id)
        assert hold is not None, f"{job_id} is not to be had"
        return hold

    def commit(self, hold: Hold, **more: Any) -> None:
        fields: dict[str, Any] = {
            "outcome": "answered",
            "output": {"text": REPLY, "citations": []},
            "coach": {"mode": "coaching", "state": {"minutes_available": 10}},
            "state": {"minutes_available": 10},
            "said": SAID,
            "usage": {"estimated": False, "model": "m"},
            "timings": {"queued_ms": 3, "total_ms": 870},
            "guardrails": [{"name": "safety", "phase": "input", "verdict": "pass"}],
        }
        hold.spent = (120, 30)
        hold.commit(**{**fields, **more})

    def run(self, job_id: str) -> None:
        self.commit(self.claim(job_id))

    def messages(self, queue: str = keys.MESSAGES) -> list[str]:
        """The job ids of the messages in a Celery queue, the next one to be taken first."""
        taken_from_the_right = reversed(self.redis.lrange(queue, 0, -1))
        return [json.loads(json.loads(raw)["body"])[0][0] for raw in taken_from_the_right]

    def line(self, session: Session) -> list[str]:
        return [entry.decode()[2:] for entry in self.redis.lrange(keys.line(session.id), 0, -1)]

    # Time: the scripts take it from the server, so it passes by moving what they compare it with

    def end_lease(self, job_id: str) -> None:
        self.redis.hset(keys.job(job_id), "lease_until", LONG_AGO)
        self.redis.zadd(keys.LEASES, {job_id: LONG_AGO}, xx=True)

    def end_deadline(self, job_id: str) -> None:
        self.redis.hset(keys.job(job_id), "deadline", LONG_AGO)
        self.redis.zadd(keys.DEADLINES, {job_id: LONG_AGO}, xx=True)

    def end_dispatch_interval(self, job_id: str) -> None:
        self.redis.zadd(keys.DISPATCH, {job_id: LONG_AGO}, xx=True)

    def end_session(self, session: Session) -> None:
        """Let it expire without anybody having swept it."""
        a_minute_ago = int(time.time() * 1000) - 60_000
        self.redis.hset(keys.session(session.id), "expires_at", a_minute_ago)
        for index in (keys.SESSIONS, keys.sessions_of(session.key_id)):
            self.redis.zadd(index, {session.id: a_minute_ago}, xx=True)

    # Everything there is

    def dump(self) -> dict[bytes, tuple[object, int]]:
        """Every key with its value and the moment it expires: equal dumps mean that nothing was written."""

        def value(key: bytes) -> object:
            if self.redis.type(key) == b"hash":  # a server may lay out an unchanged large hash anew
                return self.redis.hgetall(key)
            return self.redis.dump(key)

        return {key: (value(key), self.redis.pexpiretime(key)) for key in sorted(self.redis.scan_iter())}

    def keys_of(self, session: Session) -> list[bytes]:
        """Keys named after the session or one of its jobs, and the indexes that list one."""
        mark = session.id.removeprefix("sess_").encode()
        return [key for key in self.redis.scan_iter() if mark in key or mark in repr(self.members(key)).encode()]

    def members(self, key: bytes) -> object:
        """What an index holds; queues are left out, their messages outlive a job as an id that nobody knows."""
        kind = self.redis.type(key)
        if key.decode() in keys.QUEUES or kind not in {b"zset", b"set", b"list"}:
            return None
        if kind == b"list":
            return self.redis.lrange(key, 0, -1)
        return self.redis.zrange(key, 0, -1) if kind == b"zset" else self.redis.smembers(key)
