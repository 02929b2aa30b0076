from __future__ import annotations

import pytest

from rag.conditions import Condition, Wish
from rag.days import DAYS
from rag.places import Places
from rag.wishes import read

PLACES = Places(["Heron Quay Centre", "Dunmoor Hall"])
WEEKDAYS = DAYS[:5]


def wishes(text: str) -> dict[tuple[str, bool], tuple[Condition, ...]]:
    return {key: wish.conditions for key, wish in read(text, PLACES, {}).wishes.items()}


def any_of(field: str, *values: str) -> tuple[Condition, ...]:
    return (Condition(field, any_of=values),)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("yoga on Mondays", any_of("days", "monday")),
        ("yoga on a monday or a tuesday", any_of("days", "monday", "tuesday")),
        ("what is on at the weekend", any_of("days", "saturday", "sunday")),
        ("a walk on weekdays", any_of("days", *WEEKDAYS)),
        ("pickleball Monday to Friday", tuple(Condition("days", any_of=(day,)) for day in WEEKDAYS)),
        ("wednsday walks", any_of("days", "wednesday")),
        ("fri, sat", any_of("days", "friday", "saturday")),
        ("le mercredi ou le jeudi", any_of("days", "wednesday", "thursday")),
        ("los miércoles", any_of("days", "wednesday")),
        ("la fin de semaine", any_of("days", "saturday", "sunday")),
    ],
)
def test_days_are_read(said: str, days: tuple[Condition, ...]) -> None:
    assert wishes(said)["day", False] == days


@pytest.mark.parametrize("said", ["I sat down in the sun", "c'est mon vélo", "a walk tomorrow", "I walk every day"])
def test_what_only_looks_like_a_day_is_none(said: str) -> None:
    assert not any(kind == "day" for kind, _ in wishes(said))


@pytest.mark.parametrize(
    ("said", "cost"),
    [
        ("free yoga", any_of("cost_kind", "free")),
        ("yoga at no cost", any_of("cost_kind", "free")),
        ("yoga gratuit", any_of("cost_kind", "free")),
        ("clases gratis", any_of("cost_kind", "free")),
        ("yoga under $10", (Condition("cost_value", at_most=10),)),
        ("yoga for ten dollars at most", (Condition("cost_value", at_most=10),)),
        ("yoga for less than 10 bucks a class", (Condition("visit_cost", at_most=10),)),
        ("moins de 15 dollars", (Condition("cost_value", at_most=15),)),
        ("menos de 15 dólares", (Condition("cost_value", at_most=15),)),
        ("something cheap", (Condition("visit_cost", at_most=10),)),
    ],
)
def test_costs_are_read(said: str, cost: tuple[Condition, ...]) -> None:
    assert wishes(said)["cost", False] == cost


@pytest.mark.parametrize(
    "said", ["I'm free on Mondays", "in my free time", "feel free", "free weights", "for people over 60", "under 60s"]
)
def test_what_only_looks_like_a_cost_is_none(said: str) -> None:
    assert ("cost", False) not in wishes(said)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("ten minutes tops", None, 10),
        ("I have 15 minutes", None, 15),
        ("about half an hour", 24, 36),
        ("a 20-minute walk", 16, 24),
        ("10 to 15 minutes", 10, 15),
        ("more than 30 minutes", 30, None),
        ("something short", None, 10),
        ("moins de dix minutes", None, 10),
        ("une demi-heure", 24, 36),
        ("tengo media hora", None, 30),
    ],
)
def test_minutes_are_read(said: str, least: float | None, most: float | None) -> None:
    assert wishes(said)["minutes", False] == (Condition("minutes", at_least=least, at_most=most),)


SEATED = any_of("position", "seated", "either")


@pytest.mark.parametrize(
    ("said", "kind", "conditions"),
    [
        ("chair yoga", "type", any_of("activity_type", "yoga")),
        ("chair yoga", "position", SEATED),
        ("yoga or pilates", "type", any_of("activity_type", "yoga", "pilates")),
        ("zumba", "type", any_of("activity_type", "zumba")),
        ("something I can do sitting down", "position", SEATED),
        ("I can't stand for long", "position", SEATED),
        ("des exercices assis", "position", SEATED),
        ("ejercicios sentado", "position", SEATED),
        ("standing exercises", "position", any_of("position", "standing", "either")),
        ("an online class", "attendance", any_of("attendance", "online")),
        ("in person please", "attendance", any_of("attendance", "in-person")),
        ("pickleball where I just pay each time", "booking", any_of("booking", "drop-in")),
        ("never played pickleball before", "level", any_of("level", "beginner")),
        ("cardio that is kind on my knees", "impact", any_of("impact", "low")),
        ("a workout without equipment", "equipment", any_of("equipment", "none")),
        ("a blog on balance", "media", any_of("media", "blog")),
        ("something gentle", "intensity", any_of("intensity", "light")),
        ("a class in the morning", "time", any_of("time", "morning")),
        ("a group after my stroke", "need", any_of("need", "stroke")),
    ],
)
def test_kinds_of_activity_and_exercise_are_read(said: str, kind: str, conditions: tuple[Condition, ...]) -> None:
    assert wishes(said)[kind, False] == conditions


@pytest.mark.parametrize(
    ("said", "kind", "condition"),
    [
        ("a walk but not on Mondays", "day", Condition("days", any_of=DAYS[1:])),
        ("not on Mondays or Tuesdays", "day", Condition("days", any_of=DAYS[2:])),
        ("I work Monday to Friday", "day", Condition("days", any_of=DAYS[5:])),
        ("anything but yoga", "type", Condition("activity_type", none_of=("yoga",))),
        ("I can't stand swimming or anything else in water.", "type", Condition("activity_type", none_of=("aquatic",))),
        ("no soporto el yoga", "type", Condition("activity_type", none_of=("yoga",))),
        ("pas de yoga", "type", Condition("activity_type", none_of=("yoga",))),
        ("not online", "attendance", Condition("attendance", any_of=("in-person",))),
        ("not at Heron Quay", "place", Condition("where", none_of=("Heron Quay Centre",))),
    ],
)
def test_what_is_not_wanted_is_read_as_such(said: str, kind: str, condition: Condition) -> None:
    found = wishes(said)
    assert found[kind, True] == (condition,)
    assert (kind, False) not in found


@pytest.mark.parametrize(
    "said",
    ["I can't stand for long", "I cannot stand, what can I do?", "I can't stand up", "I can't really stand at all"],
)
def test_who_cannot_stand_wants_a_chair(said: str) -> None:
    assert wishes(said) == {("position", False): any_of("position", "seated", "either")}


def test_why_not_is_no_refusal() -> None:
    assert ("type", False) in wishes("why not yoga?")


@pytest.mark.parametrize(
    "said",
    [
        "so that I can stand up from a chair",
        "I can't stand the cold",
        "I sit too much",
        "how do I lose weight",
        "sitting in front of the TV",
    ],
)
def test_phrases_that_only_sound_like_a_wish_hold_none(said: str) -> None:
    assert wishes(said) == {}


def test_one_message_may_hold_many_wishes() -> None:
    found = wishes("Free chair yoga at Dunmoor on Fridays, not online")
    assert set(found) == {
        ("cost", False), ("position", False), ("type", False), ("place", False), ("day", False), ("attendance", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (Condition("cost_value", at_most=50), "something cheaper", Condition("cost_value", at_most=25)),
        (Condition("minutes", at_least=24, at_most=36), "something shorter", Condition("minutes", at_most=29)),
        (Condition("minutes", at_most=10), "a bit longer", Condition("minutes", at_least=11)),
    ],
)
def test_a_comparison_is_with_what_was_asked_for_before(before: Condition, said: str, after: Condition) -> None:
    kind = "cost" if before.field == "cost_value" else "minutes"
    found = read(said, PLACES, {(kind, False): Wish(kind, (before,))})
    assert found.wishes[kind, False].conditions == (after,)
