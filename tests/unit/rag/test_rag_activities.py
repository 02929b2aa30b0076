"""What filters need to know of a listing, read from the words of listings."""

from __future__ import annotations

import pytest

from rag.activities import activity
from rag.passage import Passage, Value

LISTING = {"name": "Movement", "what": "Movement", "where": "Heron Hall", "when": "Ongoing", "cost": "Ask us"}


def fact(field: str, **listing: str) -> Value | None:
    passage = activity(1, LISTING | listing)
    assert isinstance(passage, Passage)
    return passage.metadata.get(field)


@pytest.mark.parametrize(
    ("cost", "each"),
    [
        ("$132 for 11 sessions", 12.0),
        ("$7.75 per drop-in", 7.75),
        ("$4 a class", 4.0),
        ("Free", 0.0),
        ("$91 for multiple sessions", None),
        ("Included with registration", None),
    ],
)
def test_what_one_visit_costs(cost: str, each: float | None) -> None:
    assert fact("visit_cost", cost=cost) == each


@pytest.mark.parametrize(
    ("when", "time"),
    [
        ("Mondays, 9:15-10:15 am", ("morning",)),
        ("Mondays, 1:30 \u2013 2:30 pm", ("afternoon",)),
        ("Mondays, 12:00 pm to 1:00 pm", ("afternoon",)),
        ("Mondays, 7 pm", ("evening",)),
        ("Mondays (morning or evening options)", ("morning", "evening")),
        ("Mondays (Sep 15-Dec 30)", None),
    ],
)
def test_the_part_of_the_day(when: str, time: tuple[str, ...] | None) -> None:
    assert fact("time", when=when) == time


@pytest.mark.parametrize(
    ("where", "attendance"),
    [
        ("Heron Hall", ("in-person",)),
        ("Online", ("online",)),
        ("Heron Hall (virtual option)", ("online", "in-person")),
    ],
)
def test_online_or_in_person(where: str, attendance: tuple[str, ...]) -> None:
    assert fact("attendance", where=where) == attendance


def test_how_one_joins_how_hard_it_is_and_whom_it_is_for() -> None:
    assert fact("booking", cost="$7 per session") == ("drop-in",)
    assert fact("booking", cost="$70 for 7 sessions") == ("course",)
    assert fact("level", name="Pickleball for beginners") == ("beginner",)
    assert fact("intensity", what="Low-intensity movement") == ("light",)
    assert fact("intensity", what="High-intensity movement") == ("vigorous",)
    assert fact("position", name="Chair yoga") == "seated"
    assert fact("position", name="Seated or standing yoga") == "either"
    assert fact("need", name="Life after a stroke") == ("stroke",)
