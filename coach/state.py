"""Reading minutes, activities and barriers from what a person says. Deeper understanding is not attempted here."""

from __future__ import annotations

import re
from dataclasses import replace

from coach.turn import State

_ACTIVITIES = {
    "walking": r"walk(?:s|ed|ing)?|hik(?:e|es|ed|ing)",
    "strength": r"strength|weights|squats?|resistance bands?",
    "mobility": r"stretch(?:es|ed|ing)?|mobility|yoga|tai chi",
    "cycling": r"cycl(?:e|es|ed|ing)|bik(?:e|es|ing)",
    "swimming": r"sw[iau]m(?:s|ming)?|aquafit",
    "dance": r"danc(?:e|es|ed|ing)",
    "golf": r"golf(?:ing)?",
    "pickleball": r"pickleball",
}
_BARRIERS = {
    "time": r"no time|short of time|too busy|busy|time(?:'s| is)",
    "motivation": r"can't be bothered|not motivated|no motivation|unmotivated|lazy|no energy|too tired",
    "weather": r"rain(?:y|ing)?|snow(?:y|ing)?|icy|too (?:hot|cold|windy|dark)|weather",
    "pain": r"pain(?:ful|s)?|aches?|aching|sore|stiff|hurts?",
    "confidence": r"nervous|afraid|scared|worried|embarrassed|self-conscious",
}
_PATTERNS = {
    label: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for label, words in {**_ACTIVITIES, **_BARRIERS}.items()
}
_CLAUSE = re.compile(r"[.,;:!?\n]+|\b(?:but|though)\b", re.IGNORECASE)
_NEGATED = re.compile(r"(?:\b(?:not|no|never|without|hate|stopped)|n't)\b(?:\W+\w+){0,3}\W+$", re.IGNORECASE)
_NOT_TRUE = re.compile(r"^(?:\s+\w+)?(?:n't|\s+not)\b", re.IGNORECASE)  # "time's not the issue", "the rain isn't"
_MINUTES = re.compile(
    r"\b(?:(?P<minutes>\d{1,3})[\s-]?(?:min(?:ute)?s?)|(?P<hours>\d|an?)[\s-]hours?(?P<more> and a half)?"
    r"|(?P<half>half an hour|half[- ]hour)|(?P<quarter>quarter of an hour))\b(?!\s+(?:ago|away|late|drive))",
    re.IGNORECASE,
)
_MOST_MINUTES = 240


def update(state: State, text: str) -> State:
    """The state after the person said `text`: what is named last counts, and a negated mention takes back.

    Activities are gathered in the order of mention; the process layer is left as it is.
    """
    activities, barrier = list(state.activities), state.barrier
    for clause in _CLAUSE.split(text.replace("\u2019", "'")):
        for label in _ACTIVITIES:
            if (wanted := _affirmed(label, clause)) is not None:
                activities = [name for name in activities if name != label] + [label] * wanted
        for label in _BARRIERS:
            if (real := _affirmed(label, clause)) is not None:
                barrier = label if real else ("none" if barrier == label else barrier)
    minutes = _minutes(text) or state.minutes_available
    return replace(state, activities=tuple(activities), barrier=barrier, minutes_available=minutes)


def _affirmed(label: str, clause: str) -> bool | None:
    """Whether the clause says it (True) or denies it (False); None if it does not speak of it."""
    match = _PATTERNS[label].search(clause)
    if match is None:
        return None
    return not (_NEGATED.search(clause[: match.start()]) or _NOT_TRUE.search(clause[match.end() :]))


def _minutes(text: str) -> int | None:
    """The last amount of time in the text, in minutes; None if there is none that a person could have at hand."""
    found = None
    for match in _MINUTES.finditer(text):
        if match["minutes"]:
            amount = int(match["minutes"])
        elif match["hours"]:
            amount = 60 * (int(match["hours"]) if match["hours"].isdigit() else 1) + 30 * bool(match["more"])
        else:
            amount = 30 if match["half"] else 15
        if 0 < amount <= _MOST_MINUTES:
            found = amount
    return found
