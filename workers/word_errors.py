"""Word error rate: how many words are wrong, missing or too many, of all that were said."""

from __future__ import annotations

import re
from dataclasses import dataclass

import jiwer

_BELOW_TWENTY = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_UNITS = [*_BELOW_TWENTY.split(), "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@dataclass(frozen=True)
class Errors:
    """Words that were said, and how many edits make what was heard of them."""

    words: int
    wrong: int

    @property
    def rate(self) -> float:
        """From 0; above 1 when more words are made up than were said."""
        return self.wrong / self.words if self.words else float(self.wrong > 0)

    def __add__(self, other: Errors) -> Errors:
        return Errors(self.words + other.words, self.wrong + other.wrong)


NONE = Errors(0, 0)


def word_errors(said: str, heard: str) -> Errors:
    """Compare two texts as words: case, punctuation, hyphens and the way numbers below 100 are written do not count."""
    reference, hypothesis = _words(said), _words(heard)
    if not reference:
        return Errors(0, len(hypothesis))
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis) or " ")
    return Errors(len(reference), found.substitutions + found.deletions + found.insertions)


def _words(text: str) -> list[str]:
    plain = text.casefold().replace("\u2019", "'")
    spelled = re.sub(r"\b\d{1,2}\b", lambda match: _in_words(int(match[0])), plain)
    return re.findall(r"[\w']+", spelled)


def _in_words(number: int) -> str:
    if number < len(_UNITS):
        return _UNITS[number]
    tens, units = _TENS[number // 10 - 2], number % 10
    return f"{tens} {_UNITS[units]}" if units else tens
