"""How many minutes a person says they have: "half an hour after lunch", "no, make that 20", "une demi-heure"."""

from __future__ import annotations

import re

from coach.cues import any_of, cue

_REACH = 200  # characters around an amount that are looked at
_MOST = 240  # a longer time is a working day, a journey or a slip
_NUMBERS = {
    "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "eighteen": 18,
    "twenty": 20, "twenty five": 25, "thirty": 30, "thirty five": 35, "forty": 40, "forty five": 45, "fifty": 50,
    "sixty": 60, "seventy five": 75, "ninety": 90, "two": 2, "three": 3, "four": 4,
    "cinq": 5, "dix": 10, "quinze": 15, "vingt": 20, "vingt cinq": 25, "trente": 30, "quarante": 40,
    "quarante cinq": 45, "cinquante": 50, "soixante": 60, "deux": 2, "trois": 3,
    "cinco": 5, "diez": 10, "quince": 15, "veinte": 20, "veinticinco": 25, "treinta": 30, "cuarenta": 40,
    "cuarenta y cinco": 45, "cincuenta": 50, "sesenta": 60, "dos": 2, "tres": 3,
}  # fmt: skip
_NUMBER = rf"(?:\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_MINUTE = r"(?:minutes?|mins?|minutos?)"
_HOUR = r"(?:hours?|hrs?|heures?|horas?|h)"
_HALF = r"(?: and a half| et demie?| y media)"
_AMOUNT = re.compile(
    rf"(?<= )(?:(?P<three>three quarters of an hour|(?:trois quarts|3/4) d heure|tres cuartos de hora)"
    rf"|(?P<hour>an|one|una|une|1) {_HOUR}(?: and(?: a)? half|{_HALF})?"
    r"(?P<quarter_more> and a quarter| et quart| y cuarto)?"
    rf"|(?P<half>half an hour|half hour|(?:une )?demi heure|media hora)"
    rf"|(?P<quarter>(?:a )?quarter (?:of an )?hour|(?:un )?quart d heure|(?:un )?cuarto de hora)"
    rf"|(?P<couple>(?:a )?couple of hours)"
    rf"|(?P<clock>\d+h\d\d)"
    rf"|(?P<hours>{_NUMBER}) {_HOUR}(?P<hours_half>{_HALF})?(?: (?:and )?(?P<hours_more>{_NUMBER}) {_MINUTE})?"
    rf"|(?P<minutes>{_NUMBER})(?: (?:to|or|a|ou|o|y|and)? ?(?P<upper>{_NUMBER}))? {_MINUTE})(?= )"
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
    found = [(at, amount) for at, amount in found if 0 < amount <= _MOST]
    return max(found)[1] if found else None


def _elsewhere(before: str, after: str) -> bool:
    clause = f" {before}{_PAUSE.split(after, maxsplit=1)[0]} "
    if _NO_LONGER.search(before) or _UNTIL.search(before) or _AFTER.search(after) or _PAST.search(clause):
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
        return 60 + 30 * bool(_WITH_HALF.search(match[0])) + 15 * bool(match["quarter_more"])
    return 45 if match["three"] else 30 if match["half"] else 120 if match["couple"] else 15


def _number(said: str) -> int:
    return int(said) if said.isdigit() else _NUMBERS[said]
