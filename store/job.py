"""A job as its owner may see it, and how it is read from its hash in Redis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from store.crypto import SessionCipher
from store.job_errors import JobError, of_code
from store.prices import dollars
from store.sessions import Session

TERMINAL = frozenset({"completed", "failed", "cancelled", "expired"})


@dataclass(frozen=True)
class Job:
    """A job as its owner may see it; times in milliseconds since the epoch, None where not reached."""

    id: str
    type: str
    session_id: str
    status: str
    stage: str | None
    outcome: str | None
    attempts: int
    model_calls: int
    queue_position: int | None  # how many jobs go first; None once it runs
    eta_seconds: float | None  # from recent jobs; None when too few are known
    cancel: dict[str, Any] | None  # receipt: when it was asked for (ms), at which stage, the tokens billed
    output: dict[str, Any] | None
    transcript: dict[str, Any] | None
    coach: dict[str, Any] | None
    guardrails: list[dict[str, str]]
    usage: dict[str, Any] | None
    timings: dict[str, int]
    error: JobError | None
    metadata: dict[str, Any]
    confirms: str | None  # the job that this one confirms or corrects
    confirmed_by: str | None
    confirmation_needed: bool  # it was not heard well, and nobody has confirmed it yet
    speak: bool
    audio_format: str
    created_at: int
    started_at: int | None
    completed_at: int | None
    expires_at: int

    @property
    def over(self) -> bool:
        """Whether the status is terminal."""
        return self.status in TERMINAL


def read_job(job_id: str, session: Session, stored: dict[bytes, bytes], position: int | None, eta: float | None) -> Job:
    """Decrypt a job's hash; `position` and `eta` come from other keys.

    Raises:
        SealError: when what it holds cannot be opened.
    """

    def opened(name: str, cipher: SessionCipher = session.cipher) -> Any:
        sealed = stored.get(name.encode())
        return cipher.open_json(f"{job_id}|{name}", sealed) if sealed else None

    def plain(name: str, default: Any) -> Any:
        raw = stored.get(name.encode())
        return json.loads(raw) if raw else default

    def moment(name: str) -> int | None:
        raw = stored.get(name.encode())
        return int(raw) if raw else None

    def word(name: str) -> str | None:
        return stored.get(name.encode(), b"").decode() or None

    status = stored[b"status"].decode()
    spent = [value.decode().split() for name, value in stored.items() if name.startswith(b"spent:")]
    return Job(
        id=job_id,
        type=stored[b"type"].decode(),
        session_id=session.id,
        status=status,
        stage=word("stage"),
        outcome=word("outcome"),
        attempts=int(stored[b"attempts"]),
        model_calls=int(stored[b"calls"]),
        queue_position=position,
        eta_seconds=eta,
        cancel=_cancel_receipt(stored, spent),
        output=opened("output"),
        transcript=opened("transcript"),
        coach=opened("coach"),
        guardrails=plain("guardrails", []),
        usage=_usage(spent, plain("usage", {}), _cost(stored)),
        timings=plain("timings", {}),
        error=_error(stored),
        metadata=opened("metadata"),
        confirms=word("confirms"),
        confirmed_by=word("confirmed_by"),
        confirmation_needed=word("confirmation") == "1" and word("confirmed_by") is None,
        speak=word("speak") == "1",
        audio_format=word("audio_format") or "mp3",
        created_at=int(stored[b"created_at"]),
        started_at=moment("started_at"),
        completed_at=moment("completed_at"),
        expires_at=session.expires_at,
    )


_Spent = list[list[str]]  # of each attempt: input tokens, output tokens, milliseconds heard, characters spoken


def _tokens(spent: _Spent) -> dict[str, int]:
    """Over all attempts: the calls of one that was killed, cancelled or cut short are billed too."""
    return {
        "input_tokens": sum(int(attempt[0]) for attempt in spent),
        "output_tokens": sum(int(attempt[1]) for attempt in spent),
    }


def _cost(stored: dict[bytes, bytes]) -> str | None:
    """Known once the job is over, where all its prices are."""
    known = stored.get(b"priced") == b"1" and b"cost" in stored
    return dollars(int(stored[b"cost"])) if known else None


def _usage(spent: _Spent, committed: dict[str, Any], cost: str | None) -> dict[str, Any] | None:
    if not (spent or committed):
        return None
    exact = committed and not committed["estimated"] and len(spent) == 1
    audio_ms = sum(int(attempt[2]) for attempt in spent if attempt[2:])  # a job of an earlier release has two counts
    return {
        "model": None,
        **committed,
        **_tokens(spent),
        "audio_seconds": round(audio_ms / 1000, 2),
        "cost_usd": cost,
        "estimated": not exact,
    }


def _cancel_receipt(stored: dict[bytes, bytes], spent: _Spent) -> dict[str, Any] | None:
    if b"cancel_at" not in stored:
        return None
    stage = stored[b"cancel_stage"].decode() or None
    return {"requested_at": int(stored[b"cancel_at"]), "stage": stage, "tokens_billed": _tokens(spent)}


def _error(stored: dict[bytes, bytes]) -> JobError | None:
    if b"error" not in stored:
        return None
    code = stored[b"error"].decode()
    if b"error_message" not in stored:
        return of_code(code)
    return JobError(code, stored[b"error_message"].decode(), stored[b"retryable"] == b"1")
