"""One job from claim to commit. Knows no Celery: a message is only "look at this job id"."""

from __future__ import annotations

import logging
import random
from contextlib import closing
from typing import NamedTuple

from redis.exceptions import RedisError

import logs
from coach.model import CoachError
from store.hold import Hold, JobCancelled, JobLost
from store.job_errors import INTERNAL, JobError
from store.ledger import Ledger
from workers.aside import Aside
from workers.audio import AudioError
from workers.breaker import ModelAway
from workers.heartbeat import Heartbeat, JobHandedBack, Lease
from workers.stages import Stages, Tools

log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 30
_MOST_DOUBLINGS = 5


class Ended(NamedTuple):
    """How a run ended: completed, failed, given_back, cancelled, lost or not_due; `code`: why there is no answer."""

    how: str
    code: str = ""


class Runner:
    """Does jobs; safe to share between threads."""

    def __init__(self, *, ledger: Ledger, heartbeat: Heartbeat, tools: Tools) -> None:
        self._ledger = ledger
        self._heartbeat = heartbeat
        self._tools = tools
        self._breaker = tools.breaker

    def run(self, job_id: str) -> Ended:
        """Do the job if it is to be done; returns when it ended, was given back, or is no longer ours."""
        hold = self._ledger.claim(job_id)
        if hold is None:
            return Ended("not_due")
        ids = logs.bound(job_id=job_id, key_id=hold.key_id, request_id=hold.request_id)
        with ids, self._heartbeat.keeping(hold) as lease:
            log.info("job.started", extra={"attempt": hold.attempt})
            try:
                return self._end(hold, lease)
            except JobCancelled:
                log.info("job.cancelled")
                return Ended("cancelled")
            except JobLost:
                log.info("job.lost", extra={"attempt": hold.attempt})
                return Ended("lost")

    def _end(self, hold: Hold, lease: Lease) -> Ended:
        aside = Aside(lease)
        try:
            with closing(aside):
                Stages(self._tools, hold, lease, aside).do()
            ended = Ended("completed")
        except JobCancelled:
            hold.acknowledge_cancel()
            raise
        except JobHandedBack:
            log.info("job.handed_back", extra={"attempt": hold.attempt})
            hold.release(delay_ms=0, waiting_for="", refund=True)
            ended = Ended("given_back", "worker_ends")
        except ModelAway as away:
            ended = self._wait_for_model(hold, away.seconds, "model_away")
        except CoachError as error:
            ended = self._not_now(hold, error)
        except AudioError as error:
            log.info("job.failed", extra={"code": error.code})
            ended = self._fail(hold, JobError(error.code, error.message, retryable=False))
        except JobLost:
            raise
        except RedisError:
            # What was written last is not known. The lease runs out, and the reaper has the job done again.
            log.warning("job.interrupted", extra={"attempt": hold.attempt})
            ended = Ended("given_back", "redis_away")
        except Exception:
            # Not ours to guess whether a second try would help: a bug repeated is still a bug.
            log.exception("job.failed", extra={"code": INTERNAL.code})
            ended = self._fail(hold, INTERNAL)
        return ended

    def _fail(self, hold: Hold, error: JobError) -> Ended:
        hold.fail(error)
        return Ended("failed", error.code)

    def _not_now(self, hold: Hold, error: CoachError) -> Ended:
        """A model that is away is waited for, without an attempt lost; anything permanent ends the job."""
        of_model = error.code.startswith("model_")
        if error.permanent:
            if of_model:
                self._breaker.succeeded()  # a refusal is an answer
            log.warning("job.failed", extra={"code": error.code})
            return self._fail(hold, JobError(error.code, error.message, retryable=False))
        if of_model and hold.seconds_left() > 0:  # a job that ran into its own deadline says nothing about the model
            self._breaker.failed()
        doubling = 2.0 ** min(hold.waits, _MOST_DOUBLINGS)
        delay = min(_LONGEST_WAIT_SECONDS, doubling) * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
        return self._wait_for_model(hold, max(error.retry_after or 0.0, delay), error.code)

    def _wait_for_model(self, hold: Hold, seconds: float, code: str) -> Ended:
        log.warning("job.waits_for_model", extra={"code": code, "delay_seconds": round(seconds, 1)})
        hold.release(delay_ms=round(seconds * 1000), waiting_for="model", refund=True)
        return Ended("given_back", code)
