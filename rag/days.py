"""Days of the week in words, as listings and people write them, in English, French and Spanish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMES = (
    "mon(?:day)?s?|lundis?|lunes",
    "tue(?:s(?:day)?)?s?|mardis?|martes",
    "wed(?:nesday)?s?|wednsdays?|wensdays?|wedensdays?|mercredis?|miercoles",
    "thu(?:r(?:s(?:day)?)?)?s?|thursdsays?|thrusdays?|jeudis?|jueves",
    "fri(?:day)?s?|vendredis?|viernes",
    "sat(?:urday)?s?|saterdays?|samedis?|sabados?",
    "sun(?:day)?s?|dimanches?|domingos?",
)
_DAY = "|".join(f"(?P<d{{n}}{number}>{names})" for number, names in enumerate(_NAMES))


def _day(group: str) -> str:
    return rf"\b(?:{_DAY.replace('{n}', group)})\b\.?"


_RANGE = re.compile(
    rf"{_day('a')}\s*(?:to|through|thru|until|till|au|a|al|hasta|jusqu'au|[-\u2013\u2014])\s*{_day('b')}"
)
_ONE = re.compile(_day("a"))
_GROUPS = (
    (re.compile(r"\b(?:daily|every ?day|(?:7|seven) days|tous les jours|todos los dias)\b"), range(7)),
    (
        re.compile(
            r"\b(?:week ?days|(?:a|any|every|each) week ?day|week ?day (?=morning|afternoon|evening)|during the week"
            r"|(?:jours? de|en) semaine|entre semana|dias? laborables?)\b"
        ),
        range(5),
    ),
    (re.compile(r"\b(?:week[- ]?ends?|fins? de semai?n[ae]s?)\b"), range(5, 7)),
)
_ALSO_WORDS = {"mon", "sat", "sun", "suns", "sats"}  # French my, sat on a chair, in the sun
_CUE = re.compile(r"(?:\b(?:on|every|each|or|and|to|next|this)|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\s*[,/&-])\s*$")


@dataclass(frozen=True)
class Mention:
    """Where days are named (`start` and `end` in the text), which, and whether as a stretch ("Monday to Friday")."""

    start: int
    end: int
    days: tuple[str, ...]
    stretch: bool = False


def mentions(text: str) -> Iterator[Mention]:
    """Every mention of days, from left to right within its form. `text` is folded (see `rag.text.fold`)."""
    taken = [False] * len(text)
    for pattern, days in _GROUPS:
        for match in pattern.finditer(text):
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            yield Mention(*match.span(), tuple(DAYS[day] for day in days))
    for match in _RANGE.finditer(text):
        taken[match.start() : match.end()] = [True] * (match.end() - match.start())
        start, end = _number(match, "a"), _number(match, "b")
        stretch = range(start, end + 1 if end >= start else end + 8)
        yield Mention(*match.span(), tuple(DAYS[day % 7] for day in stretch), stretch=True)
    for match in _ONE.finditer(text):
        if not taken[match.start()]:
            yield Mention(*match.span(), (DAYS[_number(match, "a")],))


def is_doubtful(text: str, mention: Mention) -> bool:
    """Whether the word may well be none: `sat`, `sun` and `mon` without anything before them that a day follows."""
    word = text[mention.start : mention.end].strip(".")
    return word in _ALSO_WORDS and not _CUE.search(text[: mention.start])


def _number(match: re.Match[str], group: str) -> int:
    return next(number for number in range(7) if match[f"d{group}{number}"])
