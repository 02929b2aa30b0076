"""The ledger in plain Python: what `store/lua` does, told by lists, without an index, a clock or a second process.

`test_store_model.py` drives both and compares them after every step. Where a script keeps an index up to date, the
model works the same thing out again from the jobs themselves, so that it cannot forget what a script might forget.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from store.job import TERMINAL

SEEN_OF_A_JOB = ("status", "stage", "attempts", "fence", "calls", "waits", "error", "events")


@dataclass
class ModelSession:
    """A session that is open; `history` holds (role, text, job id)."""

    id: str
    key_id: str
    jobs: list[ModelJob] = field(default_factory=list)
    numbers: int = 0
    history: list[tuple[str, str, str]] = field(default_factory=list)
    state: dict[str, str] | None = None

    @property
    def line(self) -> list[ModelJob]:
        return [job for job in self.jobs if not job.over]


@dataclass
class ModelJob:
    """A job, and what time has done to it: its lease lives, its next dispatch is due, its deadline is past."""

    id: str
    code: str
    text: str
    session: ModelSession
    status: str = "queued"
    stage: str = ""
    attempts: int = 0
    fence: int = 0
    calls: int = 0
    waits: int = 0
    events: int = 0
    error: str = ""
    cancel_stage: str | None = None
    waiting_for: str = ""
    head_since: int | None = None
    admitted: bool = False
    leased: bool = False
    due: bool = False
    overdue: bool = False
    webhook: bool = False
    escalated: bool = False

    @property
    def over(self) -> bool:
        return self.status in TERMINAL

    @property
    def taken(self) -> bool:
        """Whether some attempt has it, dead or alive."""
        return self.status in {"in_progress", "cancelling"}


class LedgerModel:
    """Every method does what the script of that name does, and returns what the product says about it."""

    def __init__(self, *, running_cap: int, voice_cap: int, waiting_cap: int, max_attempts: int, listener: str) -> None:
        self._running_cap = running_cap
        self._voice_cap = voice_cap
        self._waiting_cap = waiting_cap
        self._max_attempts = max_attempts
        self._listener = listener
        self._ticks = count()
        self.sessions: dict[str, ModelSession] = {}
        self.jobs: dict[str, ModelJob] = {}
        self.queues: dict[str, list[str]] = {"m": [], "v": []}
        self.idempotency: dict[tuple[str, str], tuple[str, object]] = {}
        self.ends: dict[str, ModelJob] = {}  # what webhooks know; it outlives a session that was swept
        self.deliveries: dict[str, int] = {}  # how many, of the jobs whose receivers were found out

    # The web's side

    def open(self, session_id: str, key_id: str) -> None:
        self.sessions[session_id] = ModelSession(session_id, key_id)

    def sessions_of(self, key_id: str) -> list[ModelSession]:
        return [session for session in self.sessions.values() if session.key_id == key_id]

    def submit(
        self,
        session_id: str,
        key_id: str,
        *,
        code: str,
        text: str,
        on_busy: str,
        idempotency_key: str,
        reply: str,
        webhook: str,
    ) -> str:
        """The id of the job (an earlier one for a repeated idempotency key), or the reason for a refusal."""
        content = (session_id, code, text, on_busy, webhook)
        if idempotency_key and (key_id, idempotency_key) in self.idempotency:
            known, known_content = self.idempotency[key_id, idempotency_key]
            return known if known_content == content else "mismatch"
        session = self.sessions.get(session_id)
        if session is None:
            return "gone"
        waiting = [job for other in self.sessions_of(key_id) for job in other.line if not job.admitted]
        if not reply and len(waiting) >= self._waiting_cap:
            return "limits"
        if not reply and on_busy == "reject" and session.line:
            return "busy"
        session.numbers += 1
        job = ModelJob(f"job_{session_id.removeprefix('sess_')}_{session.numbers}", code, text, session)
        job.webhook, job.escalated = bool(webhook), bool(reply)
        session.jobs.append(job)
        self.jobs[job.id] = job
        if idempotency_key:
            self.idempotency[key_id, idempotency_key] = job.id, content
        if reply:
            job.status, job.events = "completed", 1
            self._announce(job)
            session.history += [("user", text, job.id), ("assistant", reply, job.id)]
        self._move_up(key_id)
        if not reply and on_busy == "cancel_previous":
            for previous in session.line[:-1]:
                self.cancel(previous.id)
        return job.id

    def cancel(self, job_id: str) -> None:
        job = self.jobs[job_id]
        if job.over:
            return
        if job.cancel_stage is None:
            job.cancel_stage = job.stage
        if job.leased:
            job.status = "cancelling"
        else:
            self._end(job, "cancelled")

    def queue_position(self, job: ModelJob) -> int | None:
        """How many jobs go first; None for one that does not wait."""
        if job.status != "queued" or job.admitted:
            return 0 if job.status == "queued" else None
        if job.session.line[0] is not job:
            return job.session.line.index(job)
        heads = [session.line[0] for session in self.sessions_of(job.session.key_id) if session.line]
        ahead = [
            h for h in heads if h.code == job.code and not h.admitted and (h.head_since or 0) < (job.head_since or 0)
        ]
        return 1 + len(ahead)

    def erase_job(self, job_id: str) -> dict[str, int] | None:
        job = self.jobs[job_id]
        if not job.over:
            return None
        kept = [turn for turn in job.session.history if turn[2] != job_id]
        receipt = {"messages": len(job.session.history) - len(kept), "events": job.events}
        receipt["deliveries"] = self._unsay([job])
        job.session.history = kept
        job.session.jobs.remove(job)
        self._forget([job])
        return receipt

    def erase(self, session_id: str, *, swept: bool) -> dict[str, int] | None:
        session = self.sessions.pop(session_id, None)
        if session is None:
            return None
        self._forget(session.jobs)
        self._move_up(session.key_id)
        receipt = {"messages": len(session.history), "jobs": len(session.jobs)}
        receipt["events"] = sum(job.events for job in session.jobs)
        receipt["deliveries"] = 0 if swept else self._unsay(session.jobs)
        return receipt

    def _forget(self, jobs: list[ModelJob]) -> None:
        for job in jobs:
            del self.jobs[job.id]
        self.idempotency = {key: known for key, known in self.idempotency.items() if known[0] in self.jobs}

    def _unsay(self, jobs: list[ModelJob]) -> int:
        """Webhooks forget these jobs; returns how many deliveries those had."""
        for job in jobs:
            self.ends.pop(job.id, None)
        return sum(self.deliveries.pop(job.id, 0) for job in jobs)

    # Webhooks

    def _announce(self, job: ModelJob) -> None:
        if job.webhook or job.session.key_id == self._listener:
            self.ends[job.id] = job

    def outbox(self) -> list[str]:
        return sorted(job_id for job_id in self.ends if job_id not in self.deliveries)

    def fan_out(self, job_id: str) -> int:
        job = self.ends[job_id]
        receivers = job.webhook + (job.session.key_id == self._listener)
        self.deliveries[job_id] = receivers * (2 if job.escalated else 1)
        return self.deliveries[job_id]

    # The worker's side

    def claim(self, job_id: str) -> ModelJob | None:
        job = self.jobs.get(job_id)
        if job is None or job.over or job.leased or not job.admitted:
            return None
        if job.status == "cancelling":
            self._end(job, "cancelled")
        elif job.overdue:
            self._expire(job)
        elif job.attempts >= self._max_attempts:
            self._end(job, "failed", "attempts_exhausted")
        else:
            job.status, job.stage, job.leased, job.waiting_for = "in_progress", "", True, ""
            job.due = False
            job.attempts += 1
            job.fence += 1
            return job
        return None

    def renew(self, job_id: str, fence: int) -> str:
        word, job = self._held(job_id, fence)
        if job:
            job.leased = True
        return word

    def progress(self, job_id: str, fence: int, *, stage: str) -> str:
        word, job = self._held(job_id, fence)
        if job and word == "ok":
            job.stage = stage
            job.calls += 1
            job.events += 1
        return word

    def commit(self, job_id: str, fence: int, *, reply: str, state: dict[str, str]) -> str:
        word, job = self._held(job_id, fence)
        if job and word == "ok":
            job.session.history += [("user", job.text, job.id), ("assistant", reply, job.id)]
            job.session.state = state
        return self._close(word, job, "completed")

    def fail(self, job_id: str, fence: int, *, error: str) -> str:
        return self._close(*self._held(job_id, fence), "failed", error)

    def release(self, job_id: str, fence: int, *, delay_ms: int, waiting_for: str, refund: bool) -> str:
        word, job = self._held(job_id, fence)
        if job is None or word == "cancel":
            return self._close(word, job, "cancelled")
        job.status, job.stage, job.leased, job.waiting_for = "queued", "", False, waiting_for
        job.attempts -= refund
        job.waits += waiting_for == "model"
        job.due = delay_ms == 0
        return word

    def due(self) -> list[ModelJob]:
        """What the reaper has to look after."""
        return [job for job in self.jobs.values() if not job.over and (job.overdue or job.due or self._dead(job))]

    def reap(self) -> dict[str, int]:
        done: dict[str, int] = {}
        for job in sorted(self.due(), key=lambda job: job.id):
            word = self._reap_one(job)
            done[word] = done.get(word, 0) + 1
        return done

    # What both sides lead to

    def _reap_one(self, job: ModelJob) -> str:
        if job.overdue:
            self._expire(job)
        elif job.status == "cancelling":
            self._end(job, "cancelled")
        elif self._dead(job) and job.attempts >= self._max_attempts:
            self._end(job, "failed", "attempts_exhausted")
        else:
            job.status, job.stage = "queued", ""
            self._send(job)
            return "dispatched"
        return job.status

    def _dead(self, job: ModelJob) -> bool:
        return job.taken and not job.leased

    def _held(self, job_id: str, fence: int) -> tuple[str, ModelJob | None]:
        job = self.jobs.get(job_id)
        if job is None or job.fence != fence or not job.taken:
            return "lost", None
        return ("cancel" if job.status == "cancelling" else "ok"), job

    def _close(self, word: str, job: ModelJob | None, status: str, error: str = "") -> str:
        if job and word == "cancel":
            self._end(job, "cancelled")
        elif job:
            self._end(job, status, error)
        return word

    def _expire(self, job: ModelJob) -> None:
        self._end(job, "expired", "model_unavailable" if job.waiting_for == "model" else "deadline_passed")

    def _end(self, job: ModelJob, status: str, error: str = "") -> None:
        job.status, job.stage, job.error, job.leased, job.due = status, "", error, False, False
        self._announce(job)
        self._move_up(job.session.key_id)

    def _move_up(self, key_id: str) -> None:
        """Heads of lines run, the one that has been a head for longest first, while their key has slots."""
        heads = [session.line[0] for session in self.sessions_of(key_id) if session.line]
        for head in heads:
            if head.head_since is None:
                head.head_since = next(self._ticks)
        for head in sorted(heads, key=lambda head: head.head_since or 0):
            running = [other.code for other in heads if other.admitted]
            free = len(running) < self._running_cap and (head.code == "m" or running.count("v") < self._voice_cap)
            if free and not head.admitted:
                head.admitted = True
                self._send(head)

    def _send(self, job: ModelJob) -> None:
        job.due = False
        self.queues[job.code].append(job.id)

    # What can be seen of it

    def view(self) -> dict[str, Any]:
        """In the form of `test_store_model`."""
        return {
            "jobs": {job.id: {name: getattr(job, name) for name in SEEN_OF_A_JOB} for job in self.jobs.values()},
            "lines": {id_: [job.id for job in session.line] for id_, session in self.sessions.items()},
            "admitted": sorted(job.id for job in self.jobs.values() if job.admitted and not job.over),
            "history": {id_: session.history for id_, session in self.sessions.items()},
            "queues": self.queues,
            "idempotency": sorted(job_id for job_id, _ in self.idempotency.values()),
            "ends": {job.id: job.status for job in self.ends.values()},
            "outbox": self.outbox(),
            "deliveries": sorted(job_id for job_id, count in self.deliveries.items() for _ in range(count)),
        }
