"""One turn of the conversation, as a generator that its caller may stop between any two events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import openai

import safety
from coach import prompt
from coach.draft import NOTHING_TO_SAY, Draft
from coach.leak import LeakWatch, new_canary
from coach.model import Completion, failure, mapped_errors, seconds_left
from coach.passages import harmless
from coach.plan import Route, route
from coach.sentences import split
from coach.state import update
from coach.turn import Guardrail, Reply, Sentence, Stage, Turn, Usage
from rag.errors import RagError
from rag.passage import Hit
from rag.retriever import Retriever

log = logging.getLogger(__name__)


class Coach:
    """Answers turns with a chat model and the passages that a retriever finds. Safe to share between threads."""

    def __init__(self, client: openai.OpenAI, model: str, retriever: Retriever, locale: str) -> None:
        self._client = client.with_options(max_retries=0)  # whether to try again is the worker's decision
        self._model = model
        self._retriever = retriever
        self._locale = locale
        self._canary = new_canary()  # one a process: hosted models cache a prompt's unchanging beginning

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
        triage = safety.triage(turn.text, self._locale)
        if triage.grave:
            yield from self._escalated(turn, triage)
            return
        caution = triage.category == "medical_caution"
        injection = safety.injection_score(turn.text)
        wary = injection >= safety.DETECTED

        yield Stage("retrieving")
        chosen = route(turn.text, turn.history)
        found = self._search(chosen, seconds_left(timeout))
        hits = harmless(found)

        state = update(turn.state, turn.text)
        messages = prompt.build(turn.text, turn.history, state, hits, cautioned=caution, wary=wary, canary=self._canary)
        completion = Completion(self._client, self._model, messages, timeout, spent)
        yield Stage("generating")
        draft = Draft(hits, LeakWatch(self._canary))
        if caution:
            yield Sentence(draft.fixed(safety.caution_text(triage)))
        with closing(completion.pieces()) as pieces:
            for raw in split(pieces):
                if piece := draft.take(raw):
                    yield Sentence(piece)
        if not (draft.answered or draft.replaced):
            yield Sentence(draft.fixed(NOTHING_TO_SAY))
        yield Reply(
            text=draft.text,
            outcome="answered" if draft.answered else "declined",
            citations=draft.citations(),
            mode=chosen.mode,
            state=state,
            usage=completion.usage,
            guardrails=(
                Guardrail("safety", "input", "flag" if caution else "pass"),
                Guardrail("injection", "input", "flag" if wary else "pass", injection),
                Guardrail("passages", "input", "pass" if hits == found else "replace"),
                *draft.guardrails(),
            ),
            model=self._model,
        )

    def _search(self, chosen: Route, timeout: float) -> list[Hit]:
        try:
            with mapped_errors():  # the query is embedded by the model API
                return self._retriever.search(chosen.query, chosen.plan, timeout)
        except RagError as error:
            log.warning("coach.retrieval_failed", extra={"reason": type(error).__name__})
            raise failure("retrieval_broken" if error.permanent else "retrieval_unavailable") from error

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
