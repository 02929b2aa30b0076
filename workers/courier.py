"""One webhook delivery from claim to its end. Knows no Celery: a message is only "look at this delivery id"."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import logs
from store.crypto import SealError
from store.errands import Attempted, Errand, Errands
from store.jobs import Jobs
from store.webhook_endpoints import Endpoints
from webhooks.errors import Blocked, SendError
from webhooks.guard import Guard
from webhooks.payload import event_body
from webhooks.send import Answer, Sender
from webhooks.signature import headers, new_secret

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 15.0
_POSTPONED_MS = 1000
_LOOKUP_SECONDS = 5.0
_JITTER = 0.1  # of a delay, so that what failed together does not come back together
_SUCCESS = range(200, 300)
_GONE = 410
_SAMPLE = {"id": f"job_{'0' * 32}_1", "session_id": f"sess_{'0' * 32}", "output": None, "transcript": None}


class Courier:
    """Makes deliveries; safe to share between threads.

    `retry_seconds`: the pause after each failed attempt. `slots_of_a_key`: how many requests at a time this process
    sends for one API key, whoever they go to.
    """

    def __init__(
        self,
        *,
        errands: Errands,
        endpoints: Endpoints,
        jobs: Jobs,
        guard: Guard,
        sender: Sender,
        retry_seconds: tuple[int, ...],
        slots_of_a_key: int,
    ) -> None:
        self._errands = errands
        self._endpoints = endpoints
        self._jobs = jobs
        self._guard = guard
        self._sender = sender
        self._retry_seconds = retry_seconds
        self._slots_of_a_key = slots_of_a_key
        self._sending: Counter[str] = Counter()
        self._lock = threading.Lock()

    def deliver(self, delivery_id: str) -> None:
        """Make one attempt, if one is due; what comes after it is decided by the answer."""
        errand = self._errands.claim(delivery_id)
        if errand is None:
            return
        with logs.bound(delivery_id=delivery_id, job_id=errand.job_id, key_id=errand.key_id):
            if errand.url is None:
                log.info("webhook.given_up", extra={"reason": errand.nowhere})
                self._errands.give_up(errand, errand.nowhere)
                return
            with self._slot(errand.key_id) as free:
                if free:
                    self._try(errand, errand.url)
                else:
                    self._errands.postpone(errand, delay_ms=_POSTPONED_MS)

    @contextmanager
    def _slot(self, key_id: str) -> Iterator[bool]:
        """Whether the API key may send one more: it may name any number of slow receivers, but not fill the process."""
        with self._lock:
            free = self._sending[key_id] < self._slots_of_a_key
            self._sending[key_id] += free
        try:
            yield free
        finally:
            with self._lock:
                self._sending[key_id] -= free

    def _try(self, errand: Errand, url: str) -> None:
        started = time.monotonic()
        at = int(time.time() * 1000)
        answer: Answer | None = None
        error = None
        try:
            answer = self._attempt(errand, url)
        except Blocked as blocked:
            log.warning("webhook.blocked", extra={"code": blocked.code})
            error = "blocked"  # which way would tell a stranger what names and addresses exist in here
        except SendError as failed:
            error = failed.code
        except (SealError, ValueError):  # a record that cannot be read: no reason to try every 30 s for ever
            log.exception("webhook.broken")
            error = "internal_error"
        latency = answer.latency_ms if answer else round((time.monotonic() - started) * 1000)
        self._settle(errand, Attempted(at, answer.status if answer else None, latency, error), answer)

    def _attempt(self, errand: Errand, url: str) -> Answer:
        until = time.monotonic() + ATTEMPT_SECONDS
        target = self._guard.check(url, timeout=_LOOKUP_SECONDS)
        body = self._body(errand)
        if errand.endpoint:
            secrets = self._endpoints.secrets_of(errand.endpoint)
        else:
            secrets = self._endpoints.signing_secrets(errand.key_id, new_secret())
        signed = headers(secrets, errand.id, int(time.time()), body)
        return self._sender.post(target, signed, body, timeout=until - time.monotonic())

    def _body(self, errand: Errand) -> bytes:
        """Thin, unless the endpoint asked for all of it and the job is still there."""
        job: dict[str, Any] = {"id": errand.job_id, "session_id": errand.session_id}
        full = bool(errand.endpoint and errand.endpoint.include_output)
        if not errand.job_id:
            job = _SAMPLE
        elif full:
            said = self._said(errand)
            full = said is not None
            job |= said or {}
        job = {**job, "status": errand.status, "outcome": errand.outcome}
        moment = datetime.fromtimestamp(errand.at / 1000, UTC).isoformat(timespec="milliseconds")
        return event_body(errand.type, moment.replace("+00:00", "Z"), job, include_output=full)

    def _said(self, errand: Errand) -> dict[str, Any] | None:
        """`output` and `transcript` as `GET /jobs/{id}` shows them; None when the session has expired."""
        job = self._jobs.get(errand.job_id, errand.key_id)
        if job is None:
            return None
        audio_url = f"/jobs/{job.id}/audio" if self._jobs.has_speech(job) else None
        heard = job.transcript and {name: job.transcript[name] for name in ("text", "language", "confidence")}
        return {"output": job.output and {**job.output, "audio_url": audio_url}, "transcript": heard}

    def _settle(self, errand: Errand, attempt: Attempted, answer: Answer | None) -> None:
        excerpt = answer.excerpt if answer else b""
        known = {"status": attempt.status, "error": attempt.error, "latency_ms": attempt.latency_ms}
        if attempt.status in _SUCCESS:
            log.info("webhook.delivered", extra=known)
            self._errands.delivered(errand, attempt, excerpt)
        elif attempt.status == _GONE:
            log.warning("webhook.given_up", extra={**known, "reason": "gone"})
            self._errands.give_up(errand, "gone", attempt, excerpt)
        elif errand.failures >= len(self._retry_seconds):
            log.warning("webhook.given_up", extra={**known, "reason": "exhausted"})
            self._errands.give_up(errand, "exhausted", attempt, excerpt)
        else:
            pause = self._retry_seconds[errand.failures] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (no secret)
            pause = max(pause, (answer and answer.retry_after) or 0.0)
            log.warning("webhook.failed", extra={**known, "next_seconds": round(pause, 1)})
            self._errands.retry(errand, attempt, excerpt, delay_ms=round(pause * 1000))
