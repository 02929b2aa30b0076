"""Local activities: from what a listing says about one to a passage, with the facts that filters need."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rag.days import DAYS, mentions
from rag.passage import Passage, Value
from rag.text import fold
from rag.vocabulary import FACTS, values_in

FIELDS = ("name", "what", "where", "when", "cost")  # what every activity has; notes come on top
_FREE = re.compile(r"\b(free|no cost|no charge)\b", re.IGNORECASE)
_PRICE = re.compile(r"[$\u00a3\u20ac]\s*(\d+(?:,\d{3})*(?:\.\d+)?)")
_NUMBER = re.compile(r"\b(\d+(?:\.\d+)?)\b(?!\+)")  # 55+ is an age
_PER_VISIT = re.compile(r"\b(?:per|each|a|drop[- ]?in)\b", re.IGNORECASE)
_SESSIONS = re.compile(r"\bfor (\d+) (?:sessions|classes|weeks)\b", re.IGNORECASE)
_HOUR = re.compile(
    r"\b(\d{1,2})(?::\d\d)?\s*([ap]m)?\b(?:\s*(?:to|[-\u2013\u2014])\s*\d{1,2}(?::\d\d)?\s*([ap]m)\b)?", re.IGNORECASE
)
_NOON, _EVENING = 12, 17
_LETTERS = re.compile(r"[^\W\d_]{3,}")


def activity(number: int, fields: Mapping[str, str]) -> Passage | str:
    """The passage of an activity, or what its listing lacks. `fields` are those of `FIELDS` and perhaps `notes`."""
    if missing := [name for name in FIELDS if not fields.get(name)]:
        return f"the record has no {', '.join(missing)}"
    facts = {name: fields[name] for name in ("where", "when", "cost", "notes") if fields.get(name)}
    text = "\n".join([fields["what"], *(f"{name.capitalize()}: {value}" for name, value in facts.items())])
    named = f"{fields['name']} {fields['what']}"
    metadata: dict[str, Value] = {"number": number, **facts, **_cost(fields["cost"]), **named_facts(named)}
    more = {
        "days": tuple(day for day in DAYS if day in _days(fields["when"])),
        "time": _times(fields["when"]),
        "attendance": _attendance(fields["where"], named),
        "booking": values_in("booking", f"{named} {fields['cost']}"),
    }
    metadata |= {name: values for name, values in more.items() if values}
    return Passage(f"activity-{number:03d}", "activities", fields["name"], text, metadata)


def named_facts(text: str) -> dict[str, Value]:
    """What the name and description of an activity or exercise say, by field; `activity_type` is never missing."""
    fields = ("need", "level", "intensity", "impact")
    facts: dict[str, Value] = {name: values for name in fields if (values := values_in(name, text))}
    if positions := values_in("position", text):
        facts["position"] = positions[0] if len(positions) == 1 else "either"
    return {"activity_type": values_in("activity_type", text) or ("general",), **facts}


def _days(when: str) -> set[str]:
    return {day for mention in mentions(fold(when)) for day in mention.days}


def _times(when: str) -> tuple[str, ...]:
    """Parts of the day that are named, or the one in which the first hour given falls ("1:30-2:30 pm")."""
    if named := values_in("time", when):
        return named
    for hour, half, half_of_end in _HOUR.findall(when):
        if half or half_of_end:
            of_day = int(hour) % 12 + (12 if (half or half_of_end).lower() == "pm" else 0)
            return ("morning" if of_day < _NOON else "afternoon" if of_day < _EVENING else "evening",)
    return ()


def _attendance(where: str, named: str) -> tuple[str, ...]:
    """Online, in person or both: a listing whose place is but the word "Online" has no other."""
    if not values_in("attendance", f"{where} {named}"):
        return ("in-person",)
    elsewhere = FACTS["attendance"]["online"].sub("", fold(where))
    return ("online", "in-person") if _LETTERS.search(elsewhere) else ("online",)


def _cost(cost: str) -> dict[str, Value]:
    """`cost_kind` is free, paid or unknown; `cost_value` the first price, else the first number ("Adult 19+ $7.50").

    `visit_cost` is what one visit comes to, where that can be told.
    """
    amount = _PRICE.search(cost) or _NUMBER.search(cost)
    value = float(amount[1].replace(",", "")) if amount else 0.0
    if _FREE.search(cost):
        return {"cost_kind": "free", "cost_value": value, "visit_cost": value}
    if not amount:
        return {"cost_kind": "unknown"}
    known: dict[str, Value] = {"cost_kind": "paid", "cost_value": value}
    if sessions := _SESSIONS.search(cost):
        known["visit_cost"] = round(value / max(1, int(sessions[1])), 2)
    elif _PER_VISIT.search(cost):
        known["visit_cost"] = value
    return known
