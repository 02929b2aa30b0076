"""What is done for one job, stage by stage, up to its commit."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import asdict, dataclass

from coach.coach import Coach
from coach.turn import Citation, Message, Reply, Sentence, Stage, State, Turn, Usage
from store.hold import Hold
from workers.aside import Aside
from workers.audio import Decoder
from workers.breaker import Breaker
from workers.heartbeat import Lease
from workers.listening import Listening, must_be_confirmed, question, unsure
from workers.speaking import Speaking
from workers.speech import Speech
from workers.stopwatch import Stopwatch
from workers.transcript import Transcript

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tools:
    """What every job of a process is done with."""

    coach: Coach
    speech: Speech
    breaker: Breaker
    decoder: Decoder
    english_only: bool  # what the transcription model understands


class Stages:
    """The stages of one job. Whatever a stage raises ends the job or its attempt: that is the runner's to decide."""

    def __init__(self, tools: Tools, hold: Hold, lease: Lease, aside: Aside) -> None:
        self._coach = tools.coach
        self._breaker = tools.breaker
        self._decoder = tools.decoder
        self._english_only = tools.english_only
        self._listening = Listening(tools.decoder, tools.speech, tools.breaker, hold=hold, lease=lease, aside=aside)
        self._speaking = Speaking(tools.speech, hold, lease, aside)
        self._hold = hold
        self._lease = lease
        self._aside = aside
        self._watch = Stopwatch()

    def do(self) -> None:
        """From the first stage to the commit."""
        try:
            self._work()
        finally:
            if self._hold.type == "voice":
                self._decoder.prepare()  # not before: it would take from this job the time that it saves the next one

    def _work(self) -> None:
        if self._hold.attempt > 1:
            self._hold.progress(event={"type": "restart", "data": {"attempt": self._hold.attempt}})
        heard = self._listen() if self._hold.type == "voice" else None
        if heard and not heard.text:
            self._ask_again("no_speech", self._listening.prompt)
            return
        if heard and must_be_confirmed(heard):
            self._ask_again("needs_confirmation", question(heard, english_only=self._english_only))
            return
        said = heard.text if heard else self._hold.input["text"]
        reply = self._answer(said)
        escalated = reply.outcome == "escalated"
        self._speak(reply.text, fixed=escalated)
        self._commit(reply, said, unsure=escalated and heard is not None and unsure(heard))

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
        return self._listening.hear()

    def _answer(self, said: str) -> Reply:
        history = tuple(
            Message(message.role, message.text, tuple(Citation(**cited) for cited in message.citations))  # type: ignore[arg-type]
            for message in self._hold.history()
        )
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

    def _speak(self, text: str, *, fixed: bool = False) -> None:
        if self._hold.speak:
            self._enter("speaking")
            self._speaking.speak(text, fixed=fixed)

    def _commit(self, reply: Reply, said: str, *, unsure: bool) -> None:
        self._hold.commit(
            outcome=reply.outcome,
            output={"text": reply.text, "citations": [asdict(citation) for citation in reply.citations]},
            coach={"mode": reply.mode, "state": reply.state.to_dict()},
            state=reply.state.to_dict(),
            said=None if unsure else said,
            usage={"model": reply.model, "estimated": reply.usage.estimated},
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[asdict(guardrail) for guardrail in reply.guardrails],
            confirmation_needed=unsure,
        )
        log.info("job.completed", extra={"outcome": reply.outcome})

    def _ask_again(self, outcome: str, text: str) -> None:
        """End the job with a question about the recording itself: no turn of the conversation."""
        self._hold.progress(event={"type": "token", "data": {"text": text}})
        self._speak(text)
        self._hold.commit(
            outcome=outcome,
            output={"text": text, "citations": []},
            coach=None,
            state=None,
            said=None,
            usage={"model": None, "estimated": False},
            timings=self._watch.timings(self._hold.queued_ms),
            guardrails=[],
            confirmation_needed=outcome == "needs_confirmation",
        )
        log.info("job.completed", extra={"outcome": outcome})
