"""A runner with a scripted coach and a real ledger, and one session whose jobs it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from store.history import History, Message
from store.job import Job
from store.jobs import Jobs
from store.ledger import Ledger
from store.sessions import Session, Sessions
from store.speech import Speech
from store.submission import Submission
from tests.integration.workers.scripted import ScriptedCoach, ScriptedSpeech
from workers.audio import Decoder
from workers.breaker import Breaker
from workers.heartbeat import Heartbeat
from workers.runner import Runner
from workers.stages import Tools

OWNER = "key_tester"


class Bench:
    """One session, and a runner to do its jobs."""

    def __init__(self, redis: Any, sessions: Sessions, jobs: Jobs, ledger: Ledger) -> None:
        self.redis = redis
        self.sessions, self.jobs, self.ledger = sessions, jobs, ledger
        self.session = sessions.open(OWNER, {})
        self.speech = ScriptedSpeech()
        self.breaker = Breaker()

    def runner(self, coach: ScriptedCoach) -> Runner:
        """As of another process, but for the breaker."""
        self.heartbeat = Heartbeat(self.ledger)
        tools = Tools(
            coach=coach,  # type: ignore[arg-type]  # the same shape, scripted
            speech=self.speech,  # type: ignore[arg-type]
            breaker=self.breaker,
            decoder=Decoder(300),
            english_only=True,
        )
        return Runner(ledger=self.ledger, heartbeat=self.heartbeat, tools=tools)

    def submit(self, **fields: Any) -> str:
        fields = {"type": "message", "input": {"text": "hello"}, "deadline_ms": 60_000, **fields}
        return self.jobs.submit(self.fresh(), Submission(request_id="r", **fields))[0]

    def fresh(self) -> Session:
        session = self.sessions.get(self.session.id)
        assert session
        return session

    def erase(self) -> None:
        assert self.sessions.erase(self.session.id)

    def history(self) -> list[Message]:
        return History(self.redis).read(self.fresh())

    def speech_of(self, job_id: str) -> bytes:
        return b"".join(Speech(self.redis).parts(job_id, self.fresh()))

    def job(self, job_id: str) -> Job:
        job = self.jobs.get(job_id, OWNER)
        assert job
        return job


class Blocked:
    """A call that hangs until the test is over, as one to a silent network does."""

    def __init__(self) -> None:
        self.began, self.over = threading.Event(), threading.Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.began.set()
        assert self.over.wait(30)


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread
