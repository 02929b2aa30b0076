"""Amounts in words: minutes that a person has, and money they are ready to pay. For folded text (`rag.text.fold`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBERS_TEXT = """
one un une uno una 1
two deux dos 2
three trois tres 3
four quatre cuatro 4
five cinq cinco 5
six seis 6
seven sept siete 7
eight huit ocho 8
nine neuf nueve 9
ten dix diez 10
twelve douze doce 12
fifteen quinze quince 15
twenty vingt veinte 20
twenty-five 25
thirty trente treinta 30
forty quarante cuarenta 40
forty-five 45
fifty cinquante cincuenta 50
sixty soixante sesenta 60
ninety noventa 90
hundred cent cien 100
"""
_NUMBERS = {
    word: float(words[-1]) for line in _NUMBERS_TEXT.split("\n") if (words := line.split()) for word in words[:-1]
}
_N = rf"(?:\d+(?:[.,]\d+)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_LESS = (
    r"(?:under|below|less than|at most|no more than|not more than|no longer than|max(?:imum)?(?: of)?|up to|within"
    r"|cheaper than|shorter than|moins de|au plus|menos de|hasta|(?:como )?maximo)"
)
_MORE = r"(?:over|more than|at least|longer than|plus de|au moins|mas de|por lo menos|al menos|minimum(?: of)?)"
_OR_LESS = r"(?:or (?:less|under|so at most|fewer)|tops|max(?:imum)?|at most|ou moins|o menos|maximo)"
_OR_MORE = r"(?:or (?:more|longer)|plus|\+|ou plus|o mas)"
_ONLY = r"(?:only|just|all|(?:i|we)(?:'ve| have)?(?: only| just)? (?:got|have)|have|spare|j'ai|tengo|seulement|solo)"
_TO_SPARE = r"(?:to spare|spare|free|to fill|left|a day|de libre|libres)"
_ROUGHLY = r"(?:(?:about|around|like|maybe|the|a|environ|unos)\s+)*"
_UNIT = r"(?:minutes?|mins?|minutos?)\b"
_WHOLE = {
    30: r"(?:an? )?(?:half(?: an| a)? hour|half-hour)|(?:une )?demi[- ]heure|media hora",
    45: r"three quarters of an hour|trois quarts d'heure",
    15: r"(?:a )?quarter(?: of)? (?:an )?hour|(?:un )?quart d'heure|(?:un )?cuarto de hora",
    60: r"(?:an|one|une|una) (?:hour|heure|hora)",
}
_WHOLES = "|".join(f"(?P<w{minutes}>{words})" for minutes, words in _WHOLE.items())
_MINUTES = re.compile(
    rf"(?:(?P<less>{_LESS})\s+|(?P<more>{_MORE})\s+|(?P<only>{_ONLY})\s+)?{_ROUGHLY}"
    rf"(?:(?:(?P<from>{_N})\s*(?:to|(?<=\d)\s*[-\u2013]|or|and|a)\s*)?(?P<n>{_N})[- ]?{_UNIT}|{_WHOLES})"
    rf"(?:\s+(?:(?P<or_less>{_OR_LESS})|(?P<or_more>{_OR_MORE})|(?P<spare>{_TO_SPARE}))\b)?"
)
_SIGN = r"[$\u20ac\u00a3]"
_CURRENCY = rf"(?:doll?ars?|dolares|bucks?|euros?|pounds?|quid|cad|{_SIGN})"
_VISIT = r"(?:visit|class|session|time|go|lesson|cours|clase|seance|fois|vez|visita|each)\b"
_MONEY = re.compile(
    rf"(?:(?P<less>{_LESS})\s+|(?P<more>{_MORE})\s+)?{_ROUGHLY}"
    rf"(?:{_SIGN}\s*(?P<n>\d+(?:[.,]\d+)?)(?:\s*(?:to|-|and)\s*{_SIGN}?\s*(?P<to>\d+))?|(?P<m>{_N})\s*{_CURRENCY})"
    rf"(?:\s+(?P<or_less>{_OR_LESS}))?"
    rf"(?P<visit>\s*(?:/|(?:per|a|each|every|par|por|la|le|chaque|cada)\s+)?{_VISIT})?"
)
_ABOUT = 0.2  # "about half an hour" is 24 to 36 minutes


@dataclass(frozen=True)
class Amount:
    """Where an amount stands, and its bounds, in minutes or units of money. `visit`: for one visit."""

    start: int
    end: int
    at_least: float | None
    at_most: float | None
    visit: bool = False


def minutes(text: str) -> Iterator[Amount]:
    """Every stretch of time. One that is neither a limit nor what a person has is meant roughly."""
    for match in _MINUTES.finditer(text):
        number = _value(match["n"]) if match["n"] else next(float(n) for n in _WHOLE if match[f"w{n}"])
        if match["more"] or match["or_more"]:
            yield Amount(*match.span(), number, None)
        elif match["from"] and not match["less"]:
            yield Amount(*match.span(), _value(match["from"]), number)
        elif match["less"] or match["only"] or match["or_less"] or match["spare"]:
            yield Amount(*match.span(), None, number)
        else:
            yield Amount(*match.span(), number * (1 - _ABOUT), number * (1 + _ABOUT))


def money(text: str) -> Iterator[Amount]:
    """Every amount of money: the most that should be paid, unless it says more than."""
    for match in _MONEY.finditer(text):
        number = _value(match["to"] or match["n"] or match["m"])
        least, most = (number, None) if match["more"] else (None, number)
        yield Amount(*match.span(), least, most, visit=bool(match["visit"]))


def _value(text: str) -> float:
    return _NUMBERS[text] if text in _NUMBERS else float(text.replace(",", "."))
