from __future__ import annotations

import json

import pytest

from coach.state import update
from coach.turn import State


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("I have 20 minutes", 20),
        ("I've got half an hour after lunch. No, make that 15 min", 15),
        ("an hour and a half is fine", 90),
        ("two of us have 1 hour", 60),
        ("I can spare a quarter of an hour", 15),
        ("the hall is 20 minutes away", None),
        ("I swam 5000 m in 1982", None),
        ("999 minutes", None),
        ("give me a minute", None),
    ],
)
def test_minutes_are_read_from_an_amount_of_time(text: str, minutes: int | None) -> None:
    assert update(State(), text).minutes_available == minutes


@pytest.mark.parametrize(
    ("text", "barrier"),
    [
        ("I'm far too busy", "time"),
        ("my knees ache when I walk", "pain"),
        ("I don't mind the rain one bit", "none"),
        ("I'm not afraid of falling, but I'm short of time", "time"),
        ("Time's not the issue. It's that I'm too lazy", "motivation"),
        ("the rain isn't a problem", "none"),
        ("I painted the training room", "none"),
        ("it's too cold out", "weather"),
        ("I'm embarrassed at the pool", "confidence"),
    ],
)
def test_a_barrier_counts_unless_it_is_denied(text: str, barrier: str) -> None:
    assert update(State(), text).barrier == barrier


def test_a_barrier_is_taken_back_when_it_is_denied_later() -> None:
    assert update(State(barrier="pain"), "no pain any more").barrier == "none"
    assert update(State(barrier="pain"), "it isn't raining").barrier == "pain"


def test_activities_are_gathered_and_taken_back() -> None:
    state = update(State(), "I like walking and swimming")
    state = update(state, "I don\u2019t like swimming after all, and I took up dancing")
    assert state.activities == ("walking", "dance")


def test_what_is_not_spoken_of_stays_as_it_was() -> None:
    before = State(layer="reflexive", barrier="time", activities=("golf",), minutes_available=10)
    assert update(before, "Thanks, that helps") == before


def test_state_survives_the_way_through_json() -> None:
    state = State(layer="regulatory", barrier="pain", activities=("walking",), minutes_available=10)
    assert State.from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_state_of_another_release_is_read_as_far_as_it_is_known() -> None:
    assert State.from_dict({"barrier": "pain", "mood": "fine"}) == State(barrier="pain")
