"""Jobs as the web side sees them: accept, look up, cancel."""

from __future__ import annotations

import hashlib
import json
import secrets
import statistics
import time

from redis.exceptions import OutOfMemoryError

from config import Settings
from store import audit, delivery_scripts, engine, keys
from store.crypto import Vault
from store.history import Message, seal
from store.job import Job, read_job
from store.memory import Memory
from store.prices import rates
from store.redis_commands import Redis
from store.scripts import Scripts
from store.sessions import Session, Sessions
from store.submission import LimitsReached, Settled, Submission, SubmitRefused
from store.usage import charges

_RACES = 50
_SCANNED = 500
_FEWEST_FOR_ETA = 5


class Jobs:
    """The jobs of every session."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._vault = vault
        self._settings = settings
        self._sessions = Sessions(redis, vault, settings)
        self._memory = Memory(redis)
        self._rates = rates(settings)

    def submit(self, session: Session, submission: Submission, settled: Settled | None = None) -> tuple[str, bool]:
        """Accept a job durably, in one script.

        Returns:
            The job's id, and whether it is an earlier one (same Idempotency-Key, same content).

        Raises:
            SubmitRefused: with `gone`, `ending`, `busy`, `mismatch`, `not_confirmable` or `confirmed`; nothing was
                written.
            LimitsReached: the same, for the waiting cap and the budget.
            OutOfMemoryError: Redis, or its part for recordings, is full. An escalated message may use what is left.
        """
        if settled is None:
            self._memory.check()
        token = secrets.token_hex(16)
        for number in range(session.jobs + 1, session.jobs + 1 + _RACES):
            answer = self._try_submit(session, submission, settled, number, token)
            if answer[0] == b"ok":
                job_id = keys.job_id(session.id, number)
                if settled is None:
                    self._make_way(submission, job_id, session)
                return job_id, False
            if answer[0] == b"replay":
                # The process that took the job may have died before it cancelled anything.
                self._make_way(submission, answer[1].decode(), session)
                return answer[1].decode(), True
            if answer[0] == b"limits":
                raise LimitsReached([policy.decode() for policy in answer[2:]], int(answer[1]))
            if answer[0] == b"storage_full":
                raise OutOfMemoryError("too many recordings wait")
            if answer[0] != b"raced":  # another request took this number: take the next
                raise SubmitRefused(answer[0].decode())
        raise SubmitRefused("raced")

    def _try_submit(
        self, session: Session, submission: Submission, settled: Settled | None, number: int, token: str
    ) -> list[bytes]:
        job_id = keys.job_id(session.id, number)
        cipher = session.cipher
        digest = cipher.fingerprint(submission.content()) if submission.idempotency_key else ""
        arguments = engine.arguments(
            self._settings,
            session_id=session.id,
            job=job_id,
            code=keys.CODE_OF_TYPE[submission.type],
            n=number,
            key_id=session.key_id,
            token=token,
            type=submission.type,
            speak=int(submission.speak),
            audio_format=submission.audio_format,
            confirms=submission.confirms,
            on_busy=submission.on_busy,
            deadline_ms=submission.deadline_ms,
            request_id=submission.request_id,
            digest=digest,
            audio_cap=self._memory.room().for_audio,
            **charges(submission, self._settings, self._rates),
            settled=settled.outcome if settled else "",
            guardrails=json.dumps(settled.guardrails if settled else []),
        )
        sealed: list[bytes] = [
            cipher.seal_json(f"{job_id}|input", submission.input),
            cipher.seal_json(f"{job_id}|metadata", submission.metadata),
            cipher.seal(f"{job_id}|audio", submission.audio) if submission.audio else b"",
            self._sealed_webhook(job_id, submission.webhook),
        ]
        if settled:
            now = int(time.time() * 1000)
            sealed.append(cipher.seal_json(f"{job_id}|output", {"text": settled.reply, "citations": []}))
            sealed.append(seal(session, Message("user", submission.input["text"], now, job_id)))
            sealed.append(seal(session, Message("assistant", settled.reply, now, job_id)))
            event = {"type": "token", "data": {"text": settled.reply}}
            sealed.append(cipher.seal_json(f"{job_id}|event", event))
        script_keys = [*keys.ledger(session.id, session.key_id, job_id), _record(session, submission)]
        script_keys.append(keys.job(submission.confirms))
        answer: list[bytes] = self._scripts.run("submit", script_keys, [arguments, *sealed])
        return answer

    def has_speech(self, job: Job) -> bool:
        """Whether there is a spoken reply, or the beginning of one."""
        return bool(self._redis.exists(keys.speech(job.id)))

    def webhook(self, job: Job) -> dict[str, str] | None:
        """Who was named, beside the registered endpoints, to hear of this job's end; as in `Submission`."""
        sealed = self._redis.hget(keys.job(job.id), "webhook")
        if not sealed:
            return None
        found: dict[str, str] = json.loads(self._vault.open(delivery_scripts.webhook_place(job.id), sealed))
        return found

    def _sealed_webhook(self, job_id: str, webhook: dict[str, str] | None) -> bytes:
        """Not under the session's key: what is on its way to a receiver may outlive the session."""
        if not webhook:
            return b""
        return self._vault.seal(delivery_scripts.webhook_place(job_id), json.dumps(webhook).encode())

    def known(self, session: Session, submission: Submission) -> str | None:
        """The id of the job that this very submission made before (same Idempotency-Key, same content), if any."""
        if not submission.idempotency_key:
            return None
        stored = self._redis.hmget(_record(session, submission), ["job", "digest"])
        same = stored[1] == session.cipher.fingerprint(submission.content()).encode()
        return stored[0].decode() if stored[0] and same else None

    def get(self, job_id: str, owner: str) -> Job | None:
        """A job of this owner, or None; a foreign job costs the same commands as an unknown one."""
        session_id = keys.session_of(job_id) or "sess_unknown"
        stored = self._redis.hgetall(keys.job(job_id))
        session = self._sessions.get(session_id, owner)  # second: a job that ended has moved its session's expiry
        if session is None or not stored:
            return None
        return self._decode(job_id, session, stored)

    def list(
        self, key_id: str, *, session_id: str | None, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Job], str | None]:
        """An API key's jobs, newest first, and the cursor of the next page (None = no more).

        A page may be shorter than `limit` and still have a next one: at most `_SCANNED` jobs are looked at for a page.
        """
        newest = f"({cursor}" if cursor else "+inf"
        found: list[Job] = []
        sessions: dict[str, Session | None] = {}
        members = self._redis.zrevrangebyscore(
            keys.jobs_of(key_id), newest, "-inf", start=0, num=_SCANNED, withscores=True
        )
        for member, score in members:
            job_id = member.decode()
            home = keys.session_of(job_id) or ""
            if session_id and home != session_id:
                continue
            if home not in sessions:
                sessions[home] = self._sessions.get(home, key_id)
            session = sessions[home]
            stored = self._redis.hgetall(keys.job(job_id)) if session else {}
            if session and stored and status in (None, stored[b"status"].decode()):
                found.append(self._decode(job_id, session, stored))
            if len(found) == limit:
                return found, f"{score:.0f}"
        more = len(members) == _SCANNED
        return found, f"{members[-1][1]:.0f}" if more else None

    def erase(self, job: Job, session: Session) -> dict[str, int] | None:
        """Remove one finished job with its turns in the history; None while it is not finished.

        Returns how many of each were removed: messages, events, recordings, webhook deliveries (all 0 if somebody else
        erased it first).
        """
        record = self._redis.hget(keys.job(job.id), "idempotency")
        script_keys = [*keys.ledger(session.id, session.key_id, job.id), keys.REWRITE_DUE]
        script_keys += [keys.deliveries_of(session.key_id), keys.RECEIVERS]
        script_keys.append(record.decode() if record else keys.idempotency(session.key_id, "none"))
        code = keys.CODE_OF_TYPE[job.type]
        while True:
            [fanned], deliveries, delivery_keys = delivery_scripts.places(self._redis, [job.id])
            noted = audit.entry("job.erased", session.key_id, job.id)
            more = {"fanned": fanned, "deliveries": deliveries, "audit": noted}
            arguments = engine.arguments(self._settings, session_id=session.id, job=job.id, code=code, **more)
            answer = self._scripts.run("erase_job", [*script_keys, *delivery_keys, keys.AUDIT], [arguments])
            if answer[0] == b"running":
                return None
            if answer[0] != b"raced":  # it was told to receivers in between: look again
                counts = [int(count) for count in answer[1:]] or [0, 0, 0, 0]
                return dict(zip(("messages", "events", "recordings", "deliveries"), counts, strict=True))

    def cancel(self, job: Job, session: Session) -> str:
        """Ask for the end of a job; returns its status before. Idempotent."""
        return self._cancel(job.id, keys.CODE_OF_TYPE[job.type], session)

    def _cancel(self, job_id: str, code: str, session: Session) -> str:
        arguments = engine.arguments(self._settings, session_id=session.id, job=job_id, code=code)
        answer: bytes = self._scripts.run("cancel", keys.ledger(session.id, session.key_id, job_id), [arguments])
        return answer.decode()

    def _make_way(self, submission: Submission, job_id: str, session: Session) -> None:
        """With `cancel_previous`, cancel what was accepted before this job and stands in the session's line."""
        if submission.on_busy != "cancel_previous":
            return
        for entry in self._redis.lrange(keys.line(session.id), 0, -1):
            code, _, ahead = entry.decode().partition(":")
            if keys.number_of(ahead) < keys.number_of(job_id):
                self._cancel(ahead, code, session)

    def _decode(self, job_id: str, session: Session, stored: dict[bytes, bytes]) -> Job:
        code = keys.CODE_OF_TYPE[stored[b"type"].decode()]
        position = self._position(job_id, code, session) if stored[b"status"] == b"queued" else None
        return read_job(job_id, session, stored, position, self._eta(code, position))

    def _position(self, job_id: str, code: str, session: Session) -> int | None:
        """How many jobs go first: of the session, or, for the head of its line, heads that wait for the same slots."""
        entry = f"{code}:{job_id}"
        ahead = self._redis.lpos(keys.line(session.id), entry)
        if ahead == 0:
            waiting = self._redis.zrank(keys.ready(session.key_id, code), entry)
            return 0 if waiting is None else waiting + 1
        return ahead

    def _eta(self, code: str, position: int | None) -> float | None:
        """Seconds until a queued job is probably done, from the median of recent ones."""
        if position is None:
            return None
        recent = [int(duration) for duration in self._redis.lrange(keys.durations(code), 0, -1)]
        if len(recent) < _FEWEST_FOR_ETA:
            return None
        return round(statistics.median(recent) * (position + 1) / 1000, 1)


def _record(session: Session, submission: Submission) -> str:
    """Key of the idempotency record."""
    return keys.idempotency(session.key_id, hashlib.sha256(submission.idempotency_key.encode()).hexdigest())
