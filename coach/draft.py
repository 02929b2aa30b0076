"""The reply while it is being said: every sentence of the model passes here before a person sees it."""

from __future__ import annotations

from collections.abc import Sequence

import safety
from coach.citations import cite, strip_markers
from coach.turn import Citation
from rag.passage import Hit

REPLACEMENT = (
    "That is a question for a doctor, nurse or pharmacist who knows you, so I will leave it with them "
    "and stay with everyday activity."
)
NOTHING_TO_SAY = (
    "I'm sorry, I could not put together an answer to that just now. "
    "Could you ask it again, perhaps in different words?"
)


class Draft:
    """Takes the model's raw sentences one by one and keeps what was said and which passages it used."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = {hit.passage.id: hit for hit in hits}
        self._said: list[str] = []
        self._used: dict[str, list[str]] = {}  # passage id -> the sentences that used it
        self._last = ""  # the sentence before, "" if it was not passed on
        self.answered = False  # at least one sentence of the model was passed on
        self.replaced = False  # at least one was not

    @property
    def text(self) -> str:
        """All that was said so far."""
        return "".join(self._said)

    def fixed(self, text: str) -> str:
        """Say a fixed sentence of ours; returns the piece to send."""
        return self._say(" ", text)

    def take(self, raw: str) -> str | None:
        """Strip, screen and say one sentence of the model.

        Returns the piece to send: the sentence, or once a fixed replacement for unsafe ones; None when there is
        nothing to send. A markers-only piece belongs to the sentence before it.
        """
        stripped, ids = strip_markers(raw, self._hits)
        text = stripped.strip()
        if text:
            # Screened on one line: the rules need not know where the model wrapped it.
            self._last = text if safety.screen_reply(" ".join(text.split())).verdict == "pass" else ""
        if self._last:
            for name in ids:
                self._used.setdefault(name, []).append(self._last)
        if not text:
            return None
        if self._last:
            self.answered = True
            return self._say(raw[: len(raw) - len(raw.lstrip())] or " ", text)
        first, self.replaced = not self.replaced, True
        return self.fixed(REPLACEMENT) if first else None

    def citations(self) -> tuple[Citation, ...]:
        """The passages used, in the order in which they were first used."""
        return tuple(cite(self._hits[name], said) for name, said in self._used.items())

    def _say(self, separator: str, text: str) -> str:
        piece = separator + text if self._said else text
        self._said.append(piece)
        return piece
