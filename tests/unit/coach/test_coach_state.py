from __future__ import annotations

import json

import pytest

from coach.state import update
from coach.turn import Commitment, State


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
        ("I've thirty-five minutes free", 35),
        ("an hour and ten minutes is what I have", 70),
        ("there's a full hour free now", 60),
        ("j'ai trente-cinq minutes de libres", 35),
        ("tengo treinta y cinco minutos", 35),
        ("I never get five minutes to myself", None),
        ("I'd cycle if I had an hour to call my own", None),
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
        ("I don't have time", "time"),
        ("I'd lift weights if I wasn't so busy", "time"),
        ("I'd walk it if my ankle wasn't hurting", "pain"),
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


def test_what_was_taken_up_last_can_be_dropped_without_its_name() -> None:
    assert after("I swim and I've started yoga", "tried it for a month, not for me, never again").activities == (
        "swimming",
    )
    assert after("I swim and I've started yoga", "it's grand, I love it").activities == ("swimming", "mobility")
    assert after("I swim", "the telly broke, that's finished, I sold it").activities == ("swimming",)


@pytest.mark.parametrize(
    ("correction", "minutes"),
    [("well, half that", 30), ("double it", 120), ("ten less than that, to be honest", 50), ("la mitad, mejor", 30)],
)
def test_minutes_are_corrected_in_terms_of_what_was_said_before(correction: str, minutes: int) -> None:
    assert after("I have an hour a day", correction).minutes_available == minutes


def test_what_is_not_spoken_of_stays_as_it_was() -> None:
    before = State(
        barrier="time",
        activities=("golf",),
        minutes_available=10,
        disliked=("dance",),
        setting="indoor",
        company="alone",
        place="home",
        goal="balance",
    )
    assert update(before, "Thanks, that helps") == before


@pytest.mark.parametrize(
    ("text", "activities", "disliked"),
    [
        ("My wife plays golf, I can't stand it", (), ()),
        ("Golf? No thanks. I'd rather walk", ("walking",), ("golf",)),
        ("I neither swim nor cycle", (), ()),
        ("I've not gone for a swim this week", ("swimming",), ()),
        ("I used to dance, now it's tai chi", ("mobility",), ()),
        ("Odio nadar, prefiero bailar", ("dance",), ("swimming",)),
    ],
)
def test_an_activity_is_theirs_unless_turned_down_past_or_of_another(
    text: str, activities: tuple[str, ...], disliked: tuple[str, ...]
) -> None:
    state = update(State(), text)
    assert (state.activities, state.disliked) == (activities, disliked)


def test_a_correction_takes_the_place_of_what_was_said() -> None:
    assert after("I can do 45 minutes", "sorry, I meant 15").minutes_available == 15
    assert after("I'd like to swim", "no, cycling instead").activities == ("cycling",)


def test_what_a_person_never_gets_round_to_is_not_disliked() -> None:
    assert after("I'd like to walk more but I never get round to it").activities == ("walking",)
    assert after("Golf? Never.").disliked == ("golf",)


def test_the_layer_fades_while_nothing_is_said_of_it() -> None:
    state = after("I keep meaning to start but I haven't yet")
    assert state.layer == "initiating_reflective"
    later = update(state, "My sister is visiting")
    assert (later.layer, later.layer_confidence < state.layer_confidence) == ("initiating_reflective", True)
    for _ in range(20):
        later = update(later, "My sister is visiting")
    assert (later.layer, later.layer_confidence) == ("unclassified", 0.0)


def test_a_lapsed_habit_is_no_habit() -> None:
    habit = "I swim every morning, it's a habit, I've done it for years"
    assert after(habit).layer == "reflexive"
    assert after(habit, "I stopped going, I've not done a thing for months").layer == "initiating_reflective"


@pytest.mark.parametrize(
    ("turns", "commitment"),
    [
        (["I'll walk on Tuesday after breakfast"], Commitment("walking", "tuesday", "after_breakfast")),
        (["I'm going to swim tomorrow", "I didn't go"], Commitment("swimming", "tomorrow", "", "missed", 1)),
        (["I'll swim tomorrow", "Lovely day", "Yes, I did it"], Commitment("swimming", "tomorrow", "", "done", 2)),
        (["Let's say Thursday for the walk", "make it Friday"], Commitment("walking", "friday", "", "open", 0)),
        (["I'll swim on Monday", "It's Wednesday, and I'm back"], Commitment("swimming", "monday", "", "open", 1)),
        (
            ["I'll swim on Monday", "Make that Friday, I've choir on Monday"],
            Commitment("swimming", "friday", "", "open", 0),
        ),
        (["Voy a nadar el jueves por la tarde"], Commitment("swimming", "thursday", "afternoon")),
        (["Je vais marcher mardi matin", "C'est fait !"], Commitment("walking", "tuesday", "morning", "done", 1)),
        (["I walk on Tuesdays"], None),
        (["I'm not going to walk on Tuesday"], None),
        (["I love walking. I'll be away on Tuesday"], None),
    ],
)
def test_a_commitment_is_noted_and_followed_up(turns: list[str], commitment: Commitment | None) -> None:
    assert after(*turns).commitment == commitment


def test_preferences_and_goal_are_the_last_ones_told() -> None:
    state = after("I'd rather be indoors, on my own", "Actually I prefer the park with other people")
    assert (state.setting, state.company, state.place) == ("outdoor", "others", "park")
    assert after("I don't want a group class").company == "alone"
    assert after("I want better balance so that I don't fall").goal == "balance"
    assert after("The pool shuts at nine").place == ""


def test_state_survives_the_way_through_json() -> None:
    state = State(
        layer="regulatory",
        layer_confidence=0.5,
        barrier="pain",
        activities=("walking",),
        disliked=("golf",),
        minutes_available=10,
        commitment=Commitment("walking", "monday"),
    )
    assert State.from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_state_of_another_release_is_read_as_far_as_it_is_known() -> None:
    stored = {"barrier": "pain", "mood": "fine", "commitment": {"activity": "golf", "where": "links"}}
    assert State.from_dict(stored) == State(barrier="pain", commitment=Commitment("golf"))


def after(*turns: str) -> State:
    state = State()
    for text in turns:
        state = update(state, text)
    return state
