"""How many minutes a person says they have: "half an hour after lunch", "no, make that 20", "une demi-heure"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coach.cues import any_of, cue

_REACH = 200  # characters around an amount that are looked at
_MOST = 240  # a longer time is a working day, a journey or a slip
_UNITS = {
    "en": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "es": "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete"
    " dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco",
}
_TENS = {
    "en": ("twenty thirty forty fifty sixty seventy eighty ninety", " "),
    "fr": ("vingt trente quarante cinquante soixante", " "),
    "es": ("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", " y "),
}


def _numbers() -> Iterator[tuple[str, int]]:
    """Every number from one to ninety-nine as it is said, and its value."""
    for language, row in _UNITS.items():
        units = row.split()
        yield from zip(units, range(1, len(units) + 1), strict=True)
        tens, joint = _TENS[language]
        for ten, value in zip(tens.split(), range(20, 100, 10), strict=False):
            yield ten, value
            yield from ((f"{ten}{joint}{unit}", value + more) for more, unit in enumerate(units[:9], 1))


_NUMBERS = {name: value for name, value in _numbers() if value > 1 or name == "one"}
_NUMBER = rf"(?:\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_MINUTE = r"(?:minutes?|mins?|minutos?|minutitos?|minuticos?)"
_HOUR = r"(?:hours?|hrs?|heures?|horas?|h)"
_WHOLE = r"(?:whole|full|free|good|solid|clear|spare|entire)"
_HALF = r"(?: and a half| et demie?| y media)"
_AMOUNT = re.compile(
    rf"(?<= )(?:(?P<three>three quarters of an hour|(?:trois quarts|3/4) d heure|tres cuartos de hora)"
    rf"|(?P<hour>(?:an|one|una|une|1)(?: {_WHOLE})?|(?:(?:a|the|my) )?{_WHOLE}) {_HOUR}(?: and(?: a)? half|{_HALF})?"
    rf"(?P<quarter_more> and a quarter| et quart| y cuarto)?(?: and (?P<hour_more>{_NUMBER})(?: {_MINUTE})?)?"
    rf"|(?P<half>half an hour|half hour|(?:une )?demi heure|media (?:hora|horita))"
    rf"|(?P<quarter>(?:a )?quarter (?:of an )?hour|(?:un )?quart d heure|(?:un )?cuarto de hora)"
    rf"|(?P<couple>(?:a )?couple of hours)"
    rf"|(?P<clock>\d+h\d\d)"
    rf"|(?P<hours>{_NUMBER}) {_HOUR}(?P<hours_half>{_HALF})?(?: (?:and )?(?P<hours_more>{_NUMBER}) {_MINUTE})?"
    rf"|(?P<minutes>{_NUMBER})(?: (?:to|or|a|ou|o|y|and)? ?(?P<upper>{_NUMBER}))? {_MINUTE})(?= )"
)
# In terms of what was said before: "half that", "double it", "ten more than I said".
_TIMES = re.compile(
    r" (?:(?P<half>half (?:that|of that|of it|as much|as long)|la moitie|la mitad)"
    r"|(?P<double>(?:double|twice) (?:that|it|as much|as long))|(?:triple|three times) (?:that|it))(?= )"
)
_MORE = re.compile(
    rf" (?P<number>{_NUMBER})(?: {_MINUTE})? "
    r"(?:(?P<less>less|fewer|shorter|de moins|menos)|more|longer|extra|de plus|mas)"
    r"(?= (?:than|que|,|\.) )"
)
_WITH_HALF = re.compile(r"(?: and(?: a)? half| et demie?| y media)(?: |$)")
# The time it takes, took or is off, and not what they have to spend.
_BEFORE = re.compile(
    rf" (?:(?:lives?|is|was|about|only|just|it is|are) )?"
    rf"(?:{any_of('takes time')}|(?:_|(?!wanted |needed )[a-z]+ed) (?:[^ ,.]+ ){{0,3}}for)"
    r"(?: (?:me|us|for|about|around|over|nearly|almost|maybe|roughly|an extra|another|a|the|full|of|solid|pendant|unos"
    r"|environ|durante|him|her|some|like|only|barely|had))* $"
)
_AFTER = re.compile(rf"^ ?{any_of('not to spend')}(?= )")
_PAUSE = re.compile(" [.,] ")
_PAST = cue("was")
_UNTIL = re.compile(r"(?<!fit)(?<!squeeze)(?<!get)(?<!put) (?:in|within|dans|en|dentro de) (?:about |only )?$")
_AT_HAND = cue("at hand")
_IF = re.compile(r" (?:if|unless) (?:i|we|he|she|they|you) (?:only )?(?:had|got) (?:[^ ,.]+ ){0,2}$")
_NO_LONGER = re.compile(rf" (?:not|no|never|pas|plus)(?: {any_of('no longer')})* (?:an? |une? )?$")
_OTHERS = re.compile(rf" {any_of('others time')}(?: \w+){{0,3}} $")
# A bare number counts when it corrects: "sorry, I meant 15", "no, make that 20", "actually 30".
_CORRECTION = re.compile(
    rf" (?:{any_of('correction')}|,)(?: (?:{any_of('corrected to')}|,))* (?P<number>{_NUMBER})"
    rf" (?=\.|,|{any_of('after number')})"
)


def minutes_in(plain: str, known: int | None) -> int | None:
    """The last amount of time in a plain message that the person has at hand; None if there is none.

    `known` is what they had said before: only then is a number alone ("no, make that 20") an amount of time.
    """
    found: list[tuple[int, int]] = []
    for match in _AMOUNT.finditer(plain):
        start = max(plain.rfind(" . ", 0, match.start()), plain.rfind(" , ", 0, match.start()), 0)
        before = plain[max(start, match.start() - _REACH) : match.start()].lstrip(".,")
        after = plain[match.end() : match.end() + _REACH]
        if not _elsewhere(before, after):
            found.append((match.start(), _amount(match)))
    if known is not None or found:
        found += [(each.start("number"), _number(each["number"])) for each in _CORRECTION.finditer(plain)]
    if known is not None or found:
        found += _in_terms_of(known or max(found)[1], plain)
    found = [(at, amount) for at, amount in found if 0 < amount <= _MOST]
    return max(found)[1] if found else None


def _in_terms_of(known: int, plain: str) -> Iterator[tuple[int, int]]:
    for match in _TIMES.finditer(plain):
        yield match.start(), known // 2 if match["half"] else known * (2 if match["double"] else 3)
    for match in _MORE.finditer(plain):
        more = _number(match["number"])
        yield match.end(), known + (-more if match["less"] else more)


def _elsewhere(before: str, after: str) -> bool:
    clause = f" {before}{_PAUSE.split(after, maxsplit=1)[0]} "
    if (
        any(pattern.search(before) for pattern in (_IF, _NO_LONGER, _UNTIL))
        or _AFTER.search(after)
        or _PAST.search(clause)
    ):
        return True
    return not _AT_HAND.search(before) and bool(_BEFORE.search(before) or _OTHERS.search(before))


def _amount(match: re.Match[str]) -> int:
    if match["minutes"]:
        return _number(match["minutes"])
    if match["clock"]:
        hours, minutes = match["clock"].split("h")
        return 60 * int(hours) + int(minutes)
    if match["hours"]:
        more = _number(match["hours_more"]) if match["hours_more"] else 30 * bool(match["hours_half"])
        return 60 * _number(match["hours"]) + more
    if match["hour"]:
        more = _number(match["hour_more"]) if match["hour_more"] else 30 * bool(_WITH_HALF.search(match[0]))
        return 60 + more + 15 * bool(match["quarter_more"])
    return 45 if match["three"] else 30 if match["half"] else 120 if match["couple"] else 15


def _number(said: str) -> int:
    return int(said) if said.isdigit() else _NUMBERS[said]
