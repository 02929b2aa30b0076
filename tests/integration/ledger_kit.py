"""The store with the shorthand that its tests share."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from config import Settings
from store import keys
from store.crypto import Vault
from store.deliveries import Deliveries, Delivery
from store.envelope import DELIVER
from store.errands import Attempted, Errand, Errands
from store.history import History
from store.hold import Hold
from store.job import Job
from store.jobs import Jobs
from store.ledger import Ledger
from store.outbox import Outbox
from store.scripts import Scripts
from store.sessions import Session, Sessions
from store.speech import Speech
from store.submission import Settled, Submission
from store.webhook_endpoints import EVENTS, Endpoint, Endpoints

SAID = "I managed ten minutes on the pier"
REPLY = "Ten minutes is a real start. What made it possible?"
SECRET = "whsec_" + base64.b64encode(b"known to the tests, all 32 bytes.").decode()
LONG_AGO = 1  # ms since the epoch
AN_HOUR_MS = 3_600_000


def submission(text: str = SAID, **more: Any) -> Submission:
    """A message, or whatever `more` makes of it."""
    fields: dict[str, Any] = {"type": "message", "input": {"text": text}, "deadline_ms": 600_000, "request_id": "req_1"}
    return Submission(**{**fields, **more})


def recording(audio: bytes = b"RIFF-something-spoken", **more: Any) -> Submission:
    return submission(type="voice", input={}, audio=audio, **more)


def attempted(status: int | None = 500, error: str | None = None) -> Attempted:
    """What a worker noted about a request to a receiver."""
    return Attempted(at=1_760_000_000_000, status=status, latency_ms=30, error=error)


def send_scripts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on do what the client library may do when a connection breaks; the second answer is the one it gives."""
    once = Scripts.run

    def twice(self: Scripts, *arguments: Any) -> Any:
        once(self, *arguments)
        return once(self, *arguments)

    monkeypatch.setattr(Scripts, "run", twice)


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
        self.endpoints = Endpoints(redis, vault)
        self.outbox = Outbox(redis, vault, settings)
        self.errands = Errands(redis, vault, settings)
        self.deliveries = Deliveries(redis, vault, settings)

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

    def spoken(self, job_id: str, session: Session) -> bytes:
        return b"".join(Speech(self.redis).parts(job_id, session))

    def cancel(self, job_id: str) -> str:
        job = self.job(job_id)
        session = self.sessions.get(job.session_id)
        assert session is not None
        return self.jobs.cancel(job, session)

    def listen(self, key_id: str = "key_a", url: str = "https://receiver.example/hook", **more: Any) -> Endpoint:
        """Register a webhook endpoint, for every event unless told otherwise."""
        fields: dict[str, Any] = {"url": url, "events": list(EVENTS), "include_output": False, "description": ""}
        return self.endpoints.create(key_id, SECRET, **{**fields, **more})

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

    def messages(self, queue: str = keys.MESSAGES, task: str | None = None) -> list[str]:
        """The ids of the messages in a Celery queue, the next one to be taken first; of one task if it is named."""
        taken_from_the_right = [json.loads(raw) for raw in reversed(self.redis.lrange(queue, 0, -1))]
        wanted = [message for message in taken_from_the_right if task in (None, message["headers"]["task"])]
        return [json.loads(message["body"])[0][0] for message in wanted]

    def end(self, session: Session, **more: Any) -> str:
        """A job that was answered, and whose webhook receivers were found out."""
        job_id = self.submit(session, **more)
        self.run(job_id)
        self.outbox.fan_out(job_id)
        return job_id

    def to_send(self) -> list[str]:
        """The deliveries that have a message, in order; they are taken from the queue."""
        sent = self.messages(keys.DELIVERIES, DELIVER)
        self.redis.delete(keys.DELIVERIES)
        return sent

    def take(self, delivery_id: str) -> Errand:
        errand = self.errands.claim(delivery_id)
        assert errand is not None, f"{delivery_id} is not to be had"
        return errand

    def deliver(self, delivery_id: str, status: int = 200, answer: bytes = b"", delay_ms: int = AN_HOUR_MS) -> Errand:
        """One attempt: a status of the 200s is the end of it, after any other it is tried again after the delay."""
        errand = self.take(delivery_id)
        if status < 300:
            assert self.errands.delivered(errand, attempted(status), answer)
        else:
            assert self.errands.retry(errand, attempted(status), answer, delay_ms=delay_ms)
        return errand

    def of(self, delivery_id: str, key_id: str = "key_a") -> Delivery:
        """A delivery as its owner sees it."""
        found = self.deliveries.get(delivery_id, key_id)
        assert found is not None
        return found

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

    def end_lease_of_delivery(self, delivery_id: str) -> None:
        self.redis.hset(keys.delivery(delivery_id), "lease_until", LONG_AGO)
        receiver = self.redis.hget(keys.delivery(delivery_id), "receiver").decode()
        self.redis.zadd(keys.sending(receiver), {delivery_id: LONG_AGO}, xx=True)
        self.redis.zadd(keys.RECEIVERS, {receiver: LONG_AGO}, xx=True)

    def end_pause_of_receivers(self) -> None:
        """Let everything be due that a receiver's deliveries wait for."""
        for receiver in self.redis.zrange(keys.RECEIVERS, 0, -1):
            for index in (keys.due(receiver.decode()), keys.sending(receiver.decode())):
                for delivery in self.redis.zrange(index, 0, -1):
                    self.redis.zadd(index, {delivery: LONG_AGO}, xx=True)
            self.redis.zadd(keys.RECEIVERS, {receiver: LONG_AGO}, xx=True)

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
