"""One job from claim to commit. Knows no Celery: a message is only "look at this job id"."""

from __future__ import annotations

import logging
import math
import random
from contextlib import closing
from dataclasses import asdict
from typing import Any

from redis.exceptions import RedisError

import logs
from coach.coach import Coach
from coach.model import CoachError
from coach.turn import Message, Reply, Sentence, Stage, State, Turn, Usage
from store.hold import Hold, JobCancelled, JobLost
from store.job_errors import INTERNAL, JobError
from store.ledger import Ledger
from workers.aside import Aside
from workers.audio import AudioError, decode
from workers.breaker import Breaker, ModelAway
from workers.heartbeat import Heartbeat, JobHandedBack, Lease
from workers.speech import Speech, Transcript
from workers.stopwatch import Stopwatch

log = logging.getLogger(__name__)

NO_SPEECH = "I could not hear any words in that recording. Could you try once more, a little closer to the microphone?"
_LONGEST_WAIT_SECONDS = 30
_MOST_DOUBLINGS = 5
_FIXED_TEXT_SPOKEN_SECONDS = 10.0


class Runner:
    """Does jobs; safe to share between threads."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        heartbeat: Heartbeat,
        coach: Coach,
        speech: Speech,
        breaker: Breaker,
        max_audio_seconds: int,
        free_of_charge: bool,
    ) -> None:
        self._ledger = ledger
        self._heartbeat = heartbeat
        self._coach = coach
        self._speech = speech
        self._breaker = breaker
        self._max_audio_seconds = max_audio_seconds
        self._free_of_charge = free_of_charge

    def run(self, job_id: str) -> None:
        """Do the job if it is to be done; returns when it ended, was given back, or is no longer ours."""
        hold = self._ledger.claim(job_id)
        if hold is None:
            return
        ids = logs.bound(job_id=job_id, key_id=hold.key_id, request_id=hold.request_id)
        with ids, self._heartbeat.keeping(hold) as lease:
            log.info("job.started", extra={"attempt": hold.attempt})
            try:
                self._end(hold, lease)
            except JobCancelled:
                log.info("job.cancelled")
            except JobLost:
                log.info("job.lost", extra={"attempt": hold.attempt})

    def _end(self, hold: Hold, lease: Lease) -> None:
        aside = Aside(lease)
        try:
            with closing(aside):
                _Work(self, hold, lease, aside).do()
        except JobCancelled:
            hold.acknowledge_cancel()
            raise
        except JobHandedBack:
            log.info("job.handed_back", extra={"attempt": hold.attempt})
            hold.release(delay_ms=0, waiting_for="", refund=True)
        except ModelAway as away:
            self._wait_for_model(hold, away.seconds, "model_away")
        except CoachError as error:
            self._not_now(hold, error)
        except AudioError as error:
            log.info("job.failed", extra={"code": error.code})
            hold.fail(JobError(error.code, error.message, retryable=False))
        except JobLost:
            raise
        except RedisError:
            # What was written last is not known. The lease runs out, and the reaper has the job done again.
            log.warning("job.interrupted", extra={"attempt": hold.attempt})
        except Exception:
            # Not ours to guess whether a second try would help: a bug repeated is still a bug.
            log.exception("job.failed", extra={"code": "internal_error"})
            hold.fail(INTERNAL)

    def _not_now(self, hold: Hold, error: CoachError) -> None:
        """A model that is away is waited for, without an attempt lost; anything permanent ends the job."""
        of_model = error.code.startswith("model_")
        if error.permanent:
            if of_model:
                self._breaker.succeeded()  # a refusal is an answer
            log.warning("job.failed", extra={"code": error.code})
            hold.fail(JobError(error.code, error.message, retryable=False))
            return
        if of_model and hold.seconds_left() > 0:  # a job that ran into its own deadline says nothing about the model
            self._breaker.failed()
        doubling = 2.0 ** min(hold.waits, _MOST_DOUBLINGS)
        delay = min(_LONGEST_WAIT_SECONDS, doubling) * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
        self._wait_for_model(hold, max(error.retry_after or 0.0, delay), error.code)

    def _wait_for_model(self, hold: Hold, seconds: float, code: str) -> None:
        log.warning("job.waits_for_model", extra={"code": code, "delay_seconds": round(seconds, 1)})
        hold.release(delay_ms=round(seconds * 1000), waiting_for="model", refund=True)


class _Work:
    """The stages of one job."""

    def __init__(self, runner: Runner, hold: Hold, lease: Lease, aside: Aside) -> None:
        self._coach = runner._coach
        self._speech = runner._speech
        self._breaker = runner._breaker
        self._max_audio_seconds = runner._max_audio_seconds
        self._free_of_charge = runner._free_of_charge
        self._hold = hold
        self._lease = lease
        self._aside = aside
        self._watch = Stopwatch()

    def do(self) -> None:
        if self._hold.attempt > 1:
            self._hold.progress(event={"type": "restart", "data": {"attempt": self._hold.attempt}})
        heard = self._listen() if self._hold.type == "voice" else None
        if heard and not heard.text:
            self._commit_no_speech(heard)
            return
        said = heard.text if heard else self._hold.input["text"]
        reply = self._answer(said)
        if self._hold.speak:
            self._speak(reply)
        self._commit(reply, said, heard)

    def _enter(self, stage: str) -> None:
        self._lease.check()
        self._watch.enter(stage)
        # Counted before it is made: a call of an attempt that is killed in it is paid for too.
        calls = 1 if stage == "generating" else 0
        self._hold.progress(stage=stage, event={"type": "stage", "data": {"stage": stage}}, calls=calls)

    def _listen(self) -> Transcript:
        known = self._hold.transcript
        if known:  # an earlier attempt heard it already
            return Transcript(**known)
        self._enter("transcribing")
        self._breaker.admit()
        recording = decode(self._hold.audio(), max_seconds=self._max_audio_seconds, run=self._aside.run)
        heard = self._aside.run(lambda: self._speech.transcribe(recording, timeout=self._lease.seconds_left))
        self._breaker.succeeded()
        event = {"type": "transcript", "data": heard.public()}
        self._hold.progress(transcript=asdict(heard), event=event, calls=1)
        return heard

    def _answer(self, said: str) -> Reply:
        history = tuple(Message(message.role, message.text) for message in self._hold.history())  # type: ignore[arg-type]
        turn = Turn(said, history, State.from_dict(self._hold.state or {}))
        # `seconds_left` also raises when a cancel was asked for, and the coach asks it at every chunk of the model.
        replying = self._coach.respond(turn, timeout=self._lease.seconds_left, spent=self._spent)
        with closing(self._aside.each(replying)) as events:
            for event in events:
                if isinstance(event, Stage):
                    self._enter(event.name)
                    if event.name == "retrieving":  # what comes before needs no model, and a fixed text ends there
                        self._breaker.admit()
                elif isinstance(event, Sentence):
                    self._hold.progress(event={"type": "token", "data": {"text": event.text}})
                else:
                    if event.model:
                        self._breaker.succeeded()
                    return event
        raise AssertionError("the coach ended without a reply")

    def _spent(self, usage: Usage) -> None:
        """Called in the thread that asks the model: noted here, written by the job's own thread at its next step."""
        self._hold.spent = (usage.input_tokens, usage.output_tokens)

    def _speak(self, reply: Reply) -> None:
        self._enter("speaking")
        fixed = reply.outcome == "escalated"
        most = _FIXED_TEXT_SPOKEN_SECONDS if fixed else math.inf
        try:
            speech = self._aside.run(
                lambda: self._speech.speak(reply.text, timeout=lambda: min(most, self._lease.seconds_left()))
            )
        except CoachError as error:
            if not fixed:
                raise
            # The text of a person's emergency waits for no model.
            log.warning("job.unspoken", extra={"code": error.code})
            return
        self._hold.progress(speech=speech, calls=1)

    def _commit(self, reply: Reply, said: str, heard: Transcript | None) -> None:
        self._hold.commit(
            outcome=reply.outcome,
            output={"text": reply.text, "citations": [asdict(citation) for citation in reply.citations]},
            coach={"mode": reply.mode, "state": reply.state.to_dict()},
            state=reply.state.to_dict(),
            said=said,
            usage=self._usage(heard, reply.model, estimated=reply.usage.estimated),
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[asdict(guardrail) for guardrail in reply.guardrails],
        )
        log.info("job.completed", extra={"outcome": reply.outcome})

    def _commit_no_speech(self, heard: Transcript) -> None:
        self._hold.progress(event={"type": "token", "data": {"text": NO_SPEECH}})
        self._hold.commit(
            outcome="no_speech",
            output={"text": NO_SPEECH, "citations": []},
            coach=None,
            state=None,
            said=None,
            usage=self._usage(heard, None, estimated=False),
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[],
        )
        log.info("job.completed", extra={"outcome": "no_speech"})

    def _usage(self, heard: Transcript | None, model: str | None, *, estimated: bool) -> dict[str, Any]:
        """What was used beside the tokens, which the ledger adds up over all attempts."""
        return {
            "estimated": estimated,
            "audio_seconds": round(heard.seconds, 2) if heard else 0,
            "cost_usd": "0.000000" if self._free_of_charge else None,  # None: no price is known for this model
            "model": model,
        }
