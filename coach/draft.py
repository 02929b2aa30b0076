"""The reply while it is being said: every sentence of the model passes here before a person sees it."""

from __future__ import annotations

from collections.abc import Sequence

import safety
from coach.citations import cite, rests_on, strip_markers, unmarked_source
from coach.leak import LeakWatch
from coach.outgoing import clean
from coach.rules import Rules
from coach.turn import Citation, Guardrail
from rag.passage import Hit

REPLACEMENT = (
    "That is a question for a doctor, nurse or pharmacist who knows you, so I will leave it with them "
    "and stay with everyday activity."
)
NOT_MINE_TO_TELL = "How I am set up is not something I can pass on, but I am glad to talk about everyday activity."


class Draft:
    """Takes the model's raw sentences one by one and keeps what was said and which passages it used.

    `rules` are those of the turn's mode; without them, as for a text of ours, a sentence is only screened.
    """

    def __init__(self, hits: Sequence[Hit], watch: LeakWatch, rules: Rules | None = None) -> None:
        self._hits = {hit.passage.id: hit for hit in hits}
        self._watch = watch
        self._rules = rules
        self._said: list[str] = []
        self._used: dict[str, list[str]] = {}  # passage id -> the sentences that used it
        self._last = ""  # the sentence before, "" if it was not passed on
        self._replaced: set[str] = set()  # the fixed sentences that stand for the model's
        self._cleaned = False  # links, addresses, images or markup were taken out
        self._mended = False  # a sentence broke a rule of the mode
        self.answered = False  # at least one sentence of the model was passed on

    @property
    def text(self) -> str:
        """All that was said so far."""
        return "".join(self._said)

    @property
    def replaced(self) -> bool:
        """Whether at least one sentence of the model was not passed on."""
        return bool(self._replaced)

    def guardrails(self) -> tuple[Guardrail, ...]:
        """What the checks of the reply decided."""
        checks = {
            "safety": REPLACEMENT in self._replaced,
            "leak": NOT_MINE_TO_TELL in self._replaced,
            "links": self._cleaned,
            "mode": self._mended,
        }
        return tuple(Guardrail(name, "output", "replace" if hit else "pass") for name, hit in checks.items())

    def fixed(self, text: str) -> str:
        """Say a fixed sentence of ours; returns the piece to send."""
        return self._say(" ", text)

    def take(self, raw: str) -> str | None:
        """Strip, screen and say one sentence of the model.

        Returns the piece to send: the sentence, or once a fixed replacement for each kind of unsafe ones; None when
        there is nothing to send. A markers-only piece belongs to the sentence before it.
        """
        unmarked, ids = strip_markers(raw, self._hits)
        cleaned, taken_out = clean(raw, [self._hits[name].passage.text for name in ids])
        self._cleaned = self._cleaned or taken_out
        text = strip_markers(cleaned, self._hits)[0].strip()
        verdict = self._verdict(unmarked, text)
        kept = self._kept(text) if text and not verdict else ""
        if text:
            self._last = kept
        if self._last:
            self._note(ids)
        if verdict:
            first = verdict not in self._replaced
            self._replaced.add(verdict)
            return self.fixed(verdict) if first else None
        if not kept:
            return None
        self.answered = True
        return self._say(raw[: len(raw) - len(raw.lstrip())] or " ", kept)

    def citations(self) -> tuple[Citation, ...]:
        """The passages used, in the order in which they were first used."""
        return tuple(cite(self._hits[name], said) for name, said in self._used.items())

    def _verdict(self, unmarked: str, text: str) -> str:
        """The fixed sentence to say instead of `text`; "" when it may pass."""
        if self._watch.leaks(unmarked):  # before anything was taken out: a canary may hide in a link
            return NOT_MINE_TO_TELL
        # Screened on one line: the rules need not know where the model wrapped it.
        unsafe = text and safety.screen_reply(" ".join(text.split())).verdict != "pass"
        return REPLACEMENT if unsafe else ""

    def _kept(self, text: str) -> str:
        kept = self._rules.kept(text) if self._rules else text
        self._mended = self._mended or kept != text
        return kept

    def _note(self, marked: Sequence[str]) -> None:
        """Note the passages that the last sentence rests on: the marked ones where that holds, else a plain source."""
        names = [name for name in marked if rests_on(self._last, self._hits[name].passage)]
        if not marked and (name := unmarked_source(self._last, self._hits.values())):
            names = [name]
        for name in names:
            self._used.setdefault(name, []).append(self._last)

    def _say(self, separator: str, text: str) -> str:
        piece = separator + text if self._said else text
        self._said.append(piece)
        return piece
