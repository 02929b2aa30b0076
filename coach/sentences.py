"""Cutting text into sentences while it is still arriving.

In doubt two sentences stay together: a warning sign must not be torn apart before it is screened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_BREAK = re.compile(
    r"""
    (?P<stop>[.!?…]+)["'\u201d\u2019»)*_]*  # a full stop with what closes after it ...
    (?:\s*\[[^\[\]\n]*\])*(?=\s|\Z)  # ... and the markers that belong to the sentence before them
    | (?=\n[ \t]*\n)              # a blank line
    | (?=\n[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t])  # the next item of a list
    """,
    re.VERBOSE,
)
_LOOKAHEAD = 4  # characters after a break that tell a list item or a small letter from a new sentence
_OPEN_MARKER = re.compile(r"\[[^\[\]\n]*\]?")
_ITEM_NUMBER = re.compile(r"\s*\d{1,2}\.")
_TITLES = {"dr", "mr", "mrs", "ms", "st", "prof", "mt", "vs", "cf", "e.g", "i.e", "sra", "sr"}
_BEFORE_NUMBERS = {"no", "nos", "approx", "p", "pp", "ca", "max", "min", "fig"}


def split(pieces: Iterable[str]) -> Iterator[str]:
    """Yield each sentence as soon as the next one has begun.

    Sentences are verbatim and keep the white space before them: joined, they are the text without what blank
    may follow its end. A marker such as `[balance-basics-03]` stays with the sentence it follows.
    """
    buffer = ""
    for piece in pieces:
        *done, buffer = _cut(buffer + piece, final=False)
        yield from done
    yield from (sentence for sentence in _cut(buffer, final=True) if sentence.strip())


def _cut(text: str, *, final: bool) -> list[str]:
    """The complete sentences of `text`, then the rest."""
    parts, start = [], 0
    for match in _BREAK.finditer(text):
        sentence, after = text[start : match.end()], text[match.end() :].lstrip()
        if not final and (len(after) < _LOOKAHEAD or _OPEN_MARKER.fullmatch(after)):
            break
        if sentence.strip() and (match["stop"] is None or _ends(sentence, match["stop"], after)):
            parts.append(sentence)
            start = match.end()
    return [*parts, text[start:]]


def _ends(sentence: str, stop: str, after: str) -> bool:
    """Whether the stop at the end of `sentence` ends it, given what follows."""
    if "!" in stop or "?" in stop:
        return True
    if after[:1].islower() or _ITEM_NUMBER.fullmatch(sentence):
        return False
    word = sentence.rpartition(stop)[0].split()[-1:]
    last = word[0].strip("(\"'\u201c\u2018«*_").lower() if word else ""
    if last in _BEFORE_NUMBERS and after[:1].isdigit():
        return False
    return last not in _TITLES and not re.fullmatch(r"[a-hj-z]", last)  # an initial; "I" may end a sentence
