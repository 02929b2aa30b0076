"""Local activities: from what a listing says about one to a passage, with the facts that filters need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rag.passage import Passage, Value

FIELDS = ("name", "what", "where", "when", "cost")  # what every activity has; notes come on top
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = (
    r"(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"s?\b\.?"
)
_RANGE = re.compile(rf"\b{_DAY}\s*(?:to|through|until|[-\u2013\u2014])\s*{_DAY}", re.IGNORECASE)
_ONE_DAY = re.compile(rf"\b{_DAY}", re.IGNORECASE)
_GROUPS_OF_DAYS = (
    (re.compile(r"\b(daily|every ?day|(7|seven) days)\b", re.IGNORECASE), range(7)),
    (re.compile(r"\bweekdays\b", re.IGNORECASE), range(5)),
    (re.compile(r"\bweekends?\b", re.IGNORECASE), range(5, 7)),
)
_FREE = re.compile(r"\b(free|no cost|no charge)\b", re.IGNORECASE)
_PRICE = re.compile(r"[$\u00a3\u20ac]\s*(\d+(?:,\d{3})*(?:\.\d+)?)")
_NUMBER = re.compile(r"\b(\d+(?:\.\d+)?)\b(?!\+)")  # 55+ is an age
_TYPES = {
    "yoga": r"yoga",
    "walking": r"walk\w*|stroll\w*|steps",
    "pickleball": r"pickleball",
    "dance": r"danc\w+|zumba",
    "strength": r"strength\w*|resistance|weights",
    "aquatic": r"aqua\w*|swim\w*|water",
    "kayaking": r"kayak\w*|canoe\w*|paddl\w+",
    "chair": r"chairs?|seated|sitting",
    "mind-body": r"mind[- ]body|tai chi|qi ?gong|meditat\w+",
    "cardio": r"cardio|aerobics?",
    "stretch": r"stretch\w*",
    "balance": r"balance",
}
_TYPE_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _TYPES.items()}


def activity(number: int, fields: Mapping[str, str]) -> Passage | str:
    """The passage of an activity, or what its listing lacks. `fields` are those of `FIELDS` and perhaps `notes`."""
    if missing := [name for name in FIELDS if not fields.get(name)]:
        return f"the record has no {', '.join(missing)}"
    facts = {name: fields[name] for name in ("where", "when", "cost", "notes") if fields.get(name)}
    text = "\n".join([fields["what"], *(f"{name.capitalize()}: {value}" for name, value in facts.items())])
    metadata: dict[str, Value] = {"number": number, **facts, **_cost(fields["cost"])}
    metadata["activity_type"] = activity_types(f"{fields['name']} {fields['what']}")
    if days := tuple(_DAYS[day] for day in sorted(set(_days(fields["when"])))):
        metadata["days"] = days
    return Passage(f"activity-{number:03d}", "activities", fields["name"], text, metadata)


def activity_types(text: str) -> tuple[str, ...]:
    """All kinds of activity that the words name, `general` if none: whole words, so that impact is no cardio."""
    return tuple(name for name, pattern in _TYPE_PATTERNS.items() if pattern.search(text)) or ("general",)


def _days(when: str) -> Iterator[int]:
    for pattern, days in _GROUPS_OF_DAYS:
        if pattern.search(when):
            yield from days
    for first, last in _RANGE.findall(when):
        start, end = _number(first), _number(last)
        yield from (day % 7 for day in range(start, end + 1 if end >= start else end + 8))
    yield from map(_number, _ONE_DAY.findall(when))


def _number(day: str) -> int:
    return next(number for number, name in enumerate(_DAYS) if name.startswith(day.lower()))


def _cost(cost: str) -> dict[str, Value]:
    """`cost_kind` is free, paid or unknown; `cost_value` the first price, else the first number ("Adult 19+ $7.50")."""
    amount = _PRICE.search(cost) or _NUMBER.search(cost)
    if _FREE.search(cost):
        return {"cost_kind": "free", "cost_value": float(amount[1].replace(",", "")) if amount else 0.0}
    if amount:
        return {"cost_kind": "paid", "cost_value": float(amount[1].replace(",", ""))}
    return {"cost_kind": "unknown"}
