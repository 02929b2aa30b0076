from __future__ import annotations

from rag.catalogue import Catalogue
from rag.conditions import Condition, Wish, relaxing
from rag.passage import Passage, Value
from rag.plan import Plan

YOGA = Wish("type", (Condition("activity_type", any_of=("yoga",)),))
MONDAY = Wish("day", (Condition("days", any_of=("monday",)),))
AT_HALL = Wish("place", (Condition("where", any_of=("Hall",)),))
EVENING = Wish("time", (Condition("time", any_of=("evening",)),))
BOTH_DAYS = Wish("day", (Condition("days", any_of=("monday",)), Condition("days", any_of=("friday",))))
NOT_ONLINE = Wish("attendance", (Condition("attendance", any_of=("in-person",)),), negated=True)


def passage(name: str, collection: str = "activities", **metadata: Value) -> Passage:
    return Passage(name, collection, name, name, metadata)


PASSAGES = [
    passage("lesson", "lessons"),
    passage("science", "lessons", science="true"),
    passage("yoga-monday-hall", activity_type=("yoga",), days=("monday",), where="Hall", visit_cost=4.0),
    passage("yoga-friday-hall", activity_type=("yoga",), days=("friday",), where="Hall"),
    passage("yoga-monday-barn", activity_type=("yoga", "chair"), days=("monday",), where="Barn", visit_cost=8.0),
    passage("walk-monday-hall", activity_type=("walking",), days=("monday", "friday"), where="Hall"),
]
CATALOGUE = Catalogue(PASSAGES)


def plan(*wishes: Wish, limit: int = 5, collections: tuple[str, ...] = ("activities",), science: bool = True) -> Plan:
    return Plan("q", collections, limit, wishes, science)


def test_the_least_important_wish_is_given_up_first_and_each_passage_comes_once() -> None:
    assert list(CATALOGUE.levels(plan(YOGA, MONDAY, AT_HALL, EVENING))) == [
        {"yoga-monday-hall"},  # without the evening
        {"yoga-friday-hall"},  # without the day as well
        {"yoga-monday-barn"},  # without the place
    ]


def test_nothing_is_given_up_while_enough_is_found() -> None:
    assert list(CATALOGUE.levels(plan(MONDAY))) == [{"yoga-monday-hall", "yoga-monday-barn", "walk-monday-hall"}]
    assert list(CATALOGUE.levels(plan(YOGA, MONDAY, AT_HALL, limit=1))) == [{"yoga-monday-hall"}]


def test_what_is_not_wanted_stays_out_however_little_is_left() -> None:
    assert list(CATALOGUE.levels(plan(NOT_ONLINE, YOGA))) == []


def test_one_of_two_days_does_before_the_days_are_given_up() -> None:
    assert list(relaxing([YOGA, BOTH_DAYS]))[:3] == [
        (YOGA, BOTH_DAYS),
        (YOGA, Wish("day", (Condition("days", any_of=("monday", "friday")),))),
        (YOGA,),
    ]


def test_a_wish_holds_for_the_collections_it_is_about() -> None:
    [level] = CATALOGUE.levels(plan(YOGA, collections=("lessons", "activities")))
    assert level == {"lesson", "science", "yoga-monday-hall", "yoga-friday-hall", "yoga-monday-barn"}
    assert CATALOGUE.unmet("lesson", plan(YOGA, MONDAY)) == ()
    assert CATALOGUE.unmet("walk-monday-hall", plan(YOGA, MONDAY, EVENING)) == ("type", "time")


def test_science_is_left_out_unless_wanted() -> None:
    assert list(CATALOGUE.levels(plan(collections=("lessons",), science=False))) == [{"lesson"}]
    assert list(CATALOGUE.levels(plan(collections=("lessons",)))) == [{"lesson", "science"}]


def test_amounts_are_compared_and_what_names_none_does_not_count() -> None:
    cheap = Wish("cost", (Condition("visit_cost", at_most=4.0),), negated=True)
    assert list(CATALOGUE.levels(plan(cheap))) == [{"yoga-monday-hall"}]
    dear = Wish("cost", (Condition("visit_cost", at_least=5.0),), negated=True)
    assert list(CATALOGUE.levels(plan(dear))) == [{"yoga-monday-barn"}]
