"""One turn of the conversation, as a generator that its caller may stop between any two events."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import openai

import safety
from coach import canned, plan, prompt
from coach.draft import Draft
from coach.intents import Intent, Intents
from coach.leak import LeakWatch, new_canary
from coach.model import Completion, failure, mapped_errors, seconds_left
from coach.modes import MODES, Mode
from coach.passages import harmless
from coach.rules import Rules
from coach.sentences import split
from coach.state import update
from coach.turn import Citation, Guardrail, Reply, Sentence, Stage, Turn, Usage
from rag.errors import RagError
from rag.passage import Hit
from rag.retriever import Retriever

log = logging.getLogger(__name__)

_SURE = 0.6  # below it, a message may be a follow-up that only means something after the one before
_RECENT = 6  # messages in which a caution that was said is still in mind
_GOES_ON = re.compile(r"\W*(?:and|or|but|et|ou|mais|y|o|pero)\b", re.IGNORECASE)


class Coach:
    """Answers turns with a chat model and the passages that a retriever finds. Safe to share between threads.

    `model` may name several models, separated by commas: the next is asked where the one before is not to be had.
    What it learns of the embedding model is kept in `folder`.
    """

    def __init__(
        self, client: openai.OpenAI, model: str, retriever: Retriever, locale: str, folder: Path | None = None
    ) -> None:
        self._client = client.with_options(max_retries=0)  # whether to try again is the worker's decision
        self._models = [name.strip() for name in model.split(",")]
        self._retriever = retriever
        self._intents = Intents(retriever.embed, folder)
        self._locale = locale
        self._canary = new_canary()  # one a process: hosted models cache a prompt's unchanging beginning

    def learn(self, timeout: float) -> None:
        """Do now what the first turn would have to wait for. `timeout` is in seconds, for each request.

        Raises:
            openai.OpenAIError: when the embedding model cannot be asked.
        """
        self._intents.learn(timeout)

    def respond(
        self, turn: Turn, *, timeout: Callable[[], float], spent: Callable[[Usage], None] = lambda usage: None
    ) -> Generator[Stage | Sentence | Reply, None, None]:
        """Screen, retrieve and generate; the last event is the `Reply`.

        `timeout` answers how many seconds are left for this turn. It is asked before each step and at each chunk of the
        model's stream, and what it raises ends the turn there, so it is also the place to notice a cancel. Closing the
        generator closes the connection to the model. `spent` hears what the model call has cost so far, also of a turn
        that never comes to its `Reply`.

        Raises:
            CoachError: when the model API or the retrieval fails; `permanent` says whether trying again can help.
        """
        yield Stage("screening")
        triage = safety.triage_after(_said_before(turn), turn.text, self._locale)
        if triage.grave:
            yield from self._escalated(turn, triage)
            return
        caution = triage.category == "medical_caution"
        injection = safety.injection_score(turn.text)
        wary = injection >= safety.DETECTED

        yield Stage("retrieving")
        intent = self._understand(turn, timeout)
        if caution and intent.mode == "out_of_scope":
            intent = replace(intent, mode="coaching")  # a worry about one's health is never just turned away
        if wary and MODES[intent.mode].canned:
            intent = replace(intent, mode="out_of_scope")  # an order to us is no request for one of our texts
        mode = MODES[intent.mode]
        state = update(turn.state, turn.text)
        found = self._search(turn, mode, timeout) if mode.collections else []
        safe = harmless(found)
        hits = plan.suitable(safe, state)

        draft = Draft(hits, LeakWatch(self._canary), None if mode.canned else Rules(mode))
        usage, model, citations = Usage(), None, tuple[Citation, ...]()
        if caution:
            said = [message.text for message in turn.history[-_RECENT:] if message.role == "assistant"]
            yield Sentence(draft.fixed(safety.caution_text(triage, said)))
        if caution and safety.asks_what_is_not_ours(triage, turn.text):
            yield from self._sentences(draft, [safety.not_ours_text(triage)])
        elif mode.canned:
            answer = self._canned(turn, intent.mode, hits)
            citations = answer.citations
            yield from self._sentences(draft, [answer.text])
        else:
            messages = prompt.build(
                turn.text,
                turn.history,
                state,
                hits,
                mode=intent.mode,
                cautioned=caution,
                wary=wary,
                canary=self._canary,
            )
            completion = Completion(self._client, self._models, messages, timeout, spent)
            yield Stage("generating")
            with closing(completion.pieces()) as pieces:
                yield from self._sentences(draft, pieces)
            usage, model, citations = completion.usage, completion.model, draft.citations()
        if not (draft.answered or draft.replaced):
            yield Sentence(draft.fixed(mode.fallback))
        yield Reply(
            text=draft.text,
            outcome="answered" if draft.answered else "declined",
            citations=citations,
            mode=intent.mode,
            state=state,
            usage=usage,
            guardrails=(
                Guardrail("safety", "input", "flag" if caution else "pass"),
                Guardrail("injection", "input", "flag" if wary else "pass", injection),
                Guardrail("passages", "input", "pass" if safe == found else "replace"),
                *draft.guardrails(),
            ),
            model=model,
        )

    def _understand(self, turn: Turn, timeout: Callable[[], float]) -> Intent:
        """The intent of the turn; a follow-up that says little by itself is read with what came before."""
        before = _said_before(turn)
        with _translated():
            alone = self._intents.of(turn.text, seconds_left(timeout))
            if not before or (alone.confidence >= _SURE and not _GOES_ON.match(turn.text)):
                return alone
            joined = self._intents.of(f"{before} {turn.text}", seconds_left(timeout))
            return max(joined, alone, key=lambda intent: intent.confidence)

    def _search(self, turn: Turn, mode: Mode, timeout: Callable[[], float]) -> list[Hit]:
        with _translated():
            chosen = plan.plan(self._retriever, turn.text, turn.history, mode)
            return self._retriever.search(chosen.query, chosen, seconds_left(timeout))

    def _canned(self, turn: Turn, mode: str, hits: list[Hit]) -> canned.Answer:
        with _translated():
            lessons = self._retriever.lessons() if mode == "lesson_overview" else ()
        return canned.answer(mode, turn.text, turn.history, lessons, hits)

    def _sentences(self, draft: Draft, pieces: Iterable[str]) -> Iterator[Sentence]:
        for raw in split(pieces):
            if piece := draft.take(raw):
                yield Sentence(piece)

    def _escalated(self, turn: Turn, triage: safety.Triage) -> Iterator[Sentence | Reply]:
        """The fixed text as it is: no model call, no retrieval, no post-processing."""
        text = safety.fixed_text(triage)
        yield Sentence(text)
        yield Reply(
            text=text,
            outcome="escalated",
            citations=(),
            mode=None,
            state=turn.state,
            usage=Usage(),
            guardrails=(Guardrail("safety", "input", "block"),),
            model=None,
        )


def _said_before(turn: Turn) -> str:
    return next((message.text for message in reversed(turn.history) if message.role == "user"), "")


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the embedding model and of the index as `CoachError`."""
    try:
        with mapped_errors():
            yield
    except RagError as error:
        log.warning("coach.retrieval_failed", extra={"reason": type(error).__name__})
        raise failure("retrieval_broken" if error.permanent else "retrieval_unavailable") from error
