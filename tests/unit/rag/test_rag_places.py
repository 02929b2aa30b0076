from __future__ import annotations

import pytest

from rag.passage import Passage
from rag.places import Places, meant

WHERE = [
    "Heron Quay Recreation Centre",
    "Heron Quay Gymnasium / Dunmoor Village Hall",
    "Lark Meadows Centres",
    "Lark Meadows Dunmoor Centre",
    "Lark Meadows Whitby Centre",
    "S.J. Trelawny Park (swimming)",
    "Otter Bay Bowling Green",
    "Various locations (Penhallow area)",
    "Online",
]
PLACES = Places(WHERE)


def found(text: str, places: Places = PLACES) -> set[str]:
    mentions = list(places.mentions(text))
    return set(meant(text, mentions)) if mentions else set()


HERON = {WHERE[0], WHERE[1]}


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("yoga at Heron Quay Recreation Centre", HERON),
        ("yoga at heron quay", HERON),
        ("heron-quay yoga", HERON),
        ("anything in heronquay?", HERON),
        ("yoga at Herron Quay", HERON),
        ("yoga in Dunmor", {WHERE[1], WHERE[3]}),
        ("lark meadows in Dunmoor", {WHERE[2], WHERE[3]}),
        ("Lark Meadows or Heron Quay", {*WHERE[2:5], *HERON}),
        ("what's on at Trelawny", {WHERE[5]}),
        ("SJ Trelawny on Mondays", {WHERE[5]}),
        ("is there a walk in penhallow", {WHERE[7]}),
        ("l'aquagym pres de Penhallow", {WHERE[7]}),
    ],
)
def test_a_place_is_known_by_every_name_that_people_use(said: str, where: set[str]) -> None:
    assert found(said) == where


@pytest.mark.parametrize(
    "said",
    [
        "a recreation centre with a gymnasium",  # words of any venue
        "I would like to go bowling",  # an activity, though a venue is named after it
        "swimming",
        "down by the bay",  # a word of many names
        "various things online",
        "the hall in the village",
    ],
)
def test_ordinary_words_are_no_places(said: str) -> None:
    assert found(said) == set()


def test_a_name_that_is_a_word_of_the_programme_too_is_meant_only_with_a_capital() -> None:
    hall = Passage("activity-001", "activities", "Yoga", "Yoga", {"where": "Anchor Hall"})
    lesson = Passage("lesson-01", "lessons", "Habits", "A cue is an anchor for the day")
    assert found("yoga at anchor", Places.of([hall])) == {"Anchor Hall"}
    places = Places.of([hall, lesson])
    assert found("my anchor is breakfast", places) == set()
    assert found("yoga at Anchor", places) == {"Anchor Hall"}


def test_a_name_in_lower_case_data_is_learnt_as_well() -> None:
    assert found("yoga in wessen", Places(["wessen community hall"])) == {"wessen community hall"}


def test_the_rest_of_a_venues_name_belongs_to_it() -> None:
    [mention] = Places(["Crane Pool and Fitness Centre"]).mentions("classes at Crane Pool on Monday")
    assert PLACES.end_of_name("classes at crane pool on monday", mention) == len("classes at Crane Pool")
