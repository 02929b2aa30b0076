"""What is done for one job, stage by stage, up to its commit."""

from __future__ import annotations

import logging
import math
from contextlib import closing
from dataclasses import asdict, dataclass

from coach.coach import Coach
from coach.model import CoachError
from coach.turn import Message, Reply, Sentence, Stage, State, Turn, Usage
from store.hold import Hold
from workers.aside import Aside
from workers.audio import decode
from workers.breaker import Breaker
from workers.heartbeat import Lease
from workers.speech import Speech, Transcript
from workers.stopwatch import Stopwatch

log = logging.getLogger(__name__)

NO_SPEECH = "I could not hear any words in that recording. Could you try once more, a little closer to the microphone?"
_FIXED_TEXT_SPOKEN_SECONDS = 10.0
_MAYBE_BILLED = "model_timeout"  # a call that was refused, or never arrived, is not


@dataclass(frozen=True)
class Tools:
    """What every job of a process is done with."""

    coach: Coach
    speech: Speech
    breaker: Breaker
    max_audio_seconds: int


class Stages:
    """The stages of one job. Whatever a stage raises ends the job or its attempt: that is the runner's to decide."""

    def __init__(self, tools: Tools, hold: Hold, lease: Lease, aside: Aside) -> None:
        self._coach = tools.coach
        self._speech = tools.speech
        self._breaker = tools.breaker
        self._max_audio_seconds = tools.max_audio_seconds
        self._hold = hold
        self._lease = lease
        self._aside = aside
        self._watch = Stopwatch()

    def do(self) -> None:
        """From the first stage to the commit."""
        if self._hold.attempt > 1:
            self._hold.progress(event={"type": "restart", "data": {"attempt": self._hold.attempt}})
        heard = self._listen() if self._hold.type == "voice" else None
        if heard and not heard.text:
            self._commit_no_speech()
            return
        said = heard.text if heard else self._hold.input["text"]
        reply = self._answer(said)
        if self._hold.speak:
            self._speak(reply)
        self._commit(reply, said)

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
        self._hold.audio_ms = math.ceil(recording.seconds * 1000)
        self._hold.progress()  # noted before the call: if this process is killed in it, it is paid for too
        try:
            heard = self._aside.run(lambda: self._speech.transcribe(recording, timeout=self._lease.seconds_left))
        except CoachError as error:
            if error.code != _MAYBE_BILLED:
                self._hold.audio_ms = 0
            raise
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
        self._hold.characters = len(reply.text)
        self._enter("speaking")
        fixed = reply.outcome == "escalated"
        most = _FIXED_TEXT_SPOKEN_SECONDS if fixed else math.inf
        try:
            speech = self._aside.run(
                lambda: self._speech.speak(reply.text, timeout=lambda: min(most, self._lease.seconds_left()))
            )
        except CoachError as error:
            if error.code != _MAYBE_BILLED:
                self._hold.characters = 0
            if not fixed:
                raise
            # The text of a person's emergency waits for no model.
            log.warning("job.unspoken", extra={"code": error.code})
            return
        self._hold.progress(speech=speech, calls=1)

    def _commit(self, reply: Reply, said: str) -> None:
        self._hold.commit(
            outcome=reply.outcome,
            output={"text": reply.text, "citations": [asdict(citation) for citation in reply.citations]},
            coach={"mode": reply.mode, "state": reply.state.to_dict()},
            state=reply.state.to_dict(),
            said=said,
            usage={"model": reply.model, "estimated": reply.usage.estimated},
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[asdict(guardrail) for guardrail in reply.guardrails],
        )
        log.info("job.completed", extra={"outcome": reply.outcome})

    def _commit_no_speech(self) -> None:
        self._hold.progress(event={"type": "token", "data": {"text": NO_SPEECH}})
        self._hold.commit(
            outcome="no_speech",
            output={"text": NO_SPEECH, "citations": []},
            coach=None,
            state=None,
            said=None,
            usage={"model": None, "estimated": False},
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[],
        )
        log.info("job.completed", extra={"outcome": "no_speech"})
