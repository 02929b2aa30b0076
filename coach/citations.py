"""From the model's `[id]` markers to citations with a quote."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from coach.sentences import split
from coach.turn import Citation
from rag.passage import Hit

QUOTE_CHARACTERS = 300
_BRACKETS = re.compile(r"\s*\[([^\[\]\n]*)(?:\]|$)")
_ID_SHAPE = re.compile(r"[^\W_]+(?:[-_][^\W_]+)+")  # balance-basics-03


def strip_markers(sentence: str, ids: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Take the markers out of one sentence.

    Returns the text a person sees and those of the marked ids that are in `ids`, in order. A marker that only
    looks like an id is taken out too (models invent some); other brackets stay.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        names = [name for name in re.split(r"[\s,;]+", match[1]) if name]
        if not all(name in ids or _ID_SHAPE.fullmatch(name) for name in names):
            return match[0]
        found.extend(name for name in names if name in ids)
        return ""

    text = _BRACKETS.sub(take, sentence)
    return text, tuple(dict.fromkeys(found))


def cite(hit: Hit, said: Sequence[str]) -> Citation:
    """The citation of a passage for the sentences that used it; the score is the retriever's."""
    found = hit.passage
    return Citation(found.id, found.title, found.collection, score=round(hit.score, 4), quote=_quote(found.text, said))


def _quote(passage: str, said: Sequence[str]) -> str:
    """The sentence of the passage that shares most words with what was said, cut at a word if it is long."""
    words = _words(" ".join(said))
    sentences = [sentence.strip() for sentence in split([passage])] or [""]
    quote = max(sentences, key=lambda sentence: _overlap(_words(sentence), words))
    if len(quote) <= QUOTE_CHARACTERS:
        return quote
    cut = quote[: QUOTE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")] if " " in cut else cut[:QUOTE_CHARACTERS]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _overlap(one: set[str], other: set[str]) -> float:
    """Dice's coefficient, so that a long sentence does not win by its length."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
