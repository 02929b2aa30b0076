"""A job in the hands of one worker: everything it may write, each write checked against the fencing token."""

from __future__ import annotations

import json
import time
from typing import Any

from config import Settings
from store import engine, keys
from store.history import History, Message, seal
from store.job_errors import INTERNAL, JobError
from store.redis_commands import Redis
from store.scripts import Scripts
from store.sessions import Session
from store.speech import place as speech_place


class JobLost(Exception):
    """The job is no longer ours: another attempt has it, it is over, or it was erased. Stop, and write nothing."""


class JobCancelled(Exception):
    """Somebody asked for the end of this job. Stop; the ledger shows it as cancelled."""


class Hold:
    """The lease on one job, with its content decrypted."""

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        settings: Settings,
        *,
        session: Session,
        job_id: str,
        record: dict[bytes, bytes],
        fence: int,
        attempt: int,
        ends: float,
    ) -> None:
        self._redis = redis
        self._scripts = scripts
        self._settings = settings
        self._session = session
        self._record = record
        self.job_id = job_id
        self.fence = fence
        self.attempt = attempt
        self.type = record[b"type"].decode()
        self.key_id = record[b"key_id"].decode()
        self.request_id = record[b"request_id"].decode()
        self.speak = record[b"speak"] == b"1"
        self.audio_format = record[b"audio_format"].decode()
        self.queued_ms = int(record[b"started_at"]) - int(record[b"created_at"])
        self.input: dict[str, Any] = self._open("input")
        self.transcript: dict[str, Any] | None = self._open("transcript")
        self.state = session.state
        self.waits = int(record.get(b"waits", b"0"))  # how often it was given back because the model was away
        # Of this attempt so far; goes along with every write and heartbeat.
        self.spent = (0, 0)  # input and output tokens
        self.audio_ms = 0  # that a model listened to
        self.characters = 0  # that a model spoke
        self._ends = ends
        self._writes = 0
        self._spoken = 0  # parts of the spoken reply so far

    def used(self) -> str:
        """What this attempt used so far, in the order of `settle` in `lua/engine.lua`."""
        return f"{self.spent[0]} {self.spent[1]} {self.audio_ms} {self.characters}"

    def seconds_left(self) -> float:
        """Until the job's deadline; never negative."""
        return max(0.0, self._ends - time.monotonic())

    def history(self) -> list[Message]:
        """The session's conversation so far."""
        return History(self._redis).read(self._session)

    def audio(self) -> bytes:
        """The uploaded recording, decrypted."""
        sealed = self._redis.get(keys.audio(self.job_id))
        if sealed is None:
            raise JobLost
        return self._session.cipher.open(f"{self.job_id}|audio", sealed)

    def progress(
        self,
        *,
        stage: str = "",
        event: dict[str, Any] | None = None,
        transcript: dict[str, Any] | None = None,
        speech: bytes = b"",
        calls: int = 0,
    ) -> None:
        """Write a stage, an event, a transcript (a second attempt need not listen again) or a part of the speech."""
        sealed = [
            self._seal("event", event) if event else b"",
            self._seal("transcript", transcript) if transcript else b"",
            self._session.cipher.seal(speech_place(self.job_id, self._spoken), speech) if speech else b"",
        ]
        self._spoken += bool(speech)
        self._writes += 1
        self._run("progress", sealed, stage=stage, calls=calls, write=f"{self.fence}.{self._writes}")

    def commit(
        self,
        *,
        outcome: str,
        output: dict[str, Any],
        coach: dict[str, Any] | None,
        state: dict[str, Any] | None,
        said: str | None,
        usage: dict[str, Any],
        timings: dict[str, int],
        guardrails: list[dict[str, str]],
        confirmation_needed: bool = False,
    ) -> None:
        """End the job with its answer. `said` is the person's side of the turn; None writes no history."""
        now = int(time.time() * 1000)
        turns = []
        if said is not None:
            turns.append(seal(self._session, Message("user", said, now, self.job_id)))
            turns.append(
                seal(self._session, Message("assistant", output["text"], now, self.job_id, output["citations"]))
            )
        sealed = [
            self._seal("output", output),
            self._seal("coach", coach) if coach else b"",
            self._session.cipher.seal_json("state", state) if state is not None else b"",
            *turns,
        ]
        self._run(
            "commit",
            sealed,
            outcome=outcome,
            usage=json.dumps(usage),
            timings=json.dumps(timings),
            guardrails=json.dumps(guardrails),
            confirmation=int(confirmation_needed),
        )

    def fail(self, error: JobError) -> None:
        """End the job without an answer."""
        self._run("fail", [], error=error.code, message=error.message, retryable=int(error.retryable))

    def acknowledge_cancel(self) -> None:
        """Let the ledger end a job whose cancel was heard of."""
        try:
            self.fail(INTERNAL)  # which ends it as cancelled, because that was asked for
        except (JobCancelled, JobLost):
            return

    def release(self, *, delay_ms: int, waiting_for: str, refund: bool) -> None:
        """Give the job back for a later try; `refund` when this one should not count as an attempt."""
        self._run("release", [], delay_ms=delay_ms, waiting_for=waiting_for, refund=int(refund))

    def _run(self, script: str, sealed: list[bytes], **more: Any) -> None:
        arguments = engine.arguments(
            self._settings,
            session_id=self._session.id,
            job=self.job_id,
            code=keys.CODE_OF_TYPE[self.type],
            fence=self.fence,
            spent=self.used(),
            **more,
        )
        word = self._scripts.run(script, keys.ledger(self._session.id, self.key_id, self.job_id), [arguments, *sealed])
        if word == b"cancel":
            raise JobCancelled
        if word != b"ok":
            raise JobLost

    def _seal(self, name: str, value: object) -> bytes:
        return self._session.cipher.seal_json(f"{self.job_id}|{name}", value)

    def _open(self, name: str) -> Any:
        sealed = self._record.get(name.encode())
        return self._session.cipher.open_json(f"{self.job_id}|{name}", sealed) if sealed else None
