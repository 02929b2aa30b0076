from __future__ import annotations

import pytest

from rag.conditions import Condition
from rag.conversation import asked
from rag.places import Places
from rag.plan import plan_for

PLACES = Places(["Heron Quay Centre", "Dunmoor Hall"])
YOGA = ("type", Condition("activity_type", any_of=("yoga",)))
HERON = ("place", Condition("where", any_of=("Heron Quay Centre",)))
DUNMOOR = ("place", Condition("where", any_of=("Dunmoor Hall",)))
THURSDAY = ("day", Condition("days", any_of=("thursday",)))
TUESDAY = ("day", Condition("days", any_of=("tuesday",)))
FREE = ("cost", Condition("cost_kind", any_of=("free",)))
FIRST = "yoga at Heron Quay on Thursdays"


def wishes(*messages: str) -> set[tuple[str, Condition]]:
    found = asked(messages[-1], messages[:-1], PLACES)
    return {(kind, one) for (kind, _), wish in found.wishes.items() for one in wish.conditions}


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (["and on Tuesdays?"], {YOGA, HERON, TUESDAY}),
        (["what about in Dunmoor?"], {YOGA, DUNMOOR, THURSDAY}),
        (["et le mardi ?"], {YOGA, HERON, TUESDAY}),
        (["¿y los martes?"], {YOGA, HERON, TUESDAY}),
        (["no, I meant Tuesdays"], {YOGA, HERON, TUESDAY}),
        (["any free ones?"], {YOGA, HERON, THURSDAY, FREE}),
        (["any day is fine"], {YOGA, HERON}),
        (["cualquier día"], {YOGA, HERON}),
        (["any day is fine", "and free?"], {YOGA, HERON, FREE}),
        (["doesn't matter where"], {YOGA, THURSDAY}),
        (["thanks!", "and in Dunmoor?"], {YOGA, DUNMOOR, THURSDAY}),
        (["what about walking?"], {("type", Condition("activity_type", any_of=("walking",))), HERON, THURSDAY}),
        (["not yoga though"], {("type", Condition("activity_type", none_of=("yoga",))), HERON, THURSDAY}),
        (["when?"], {YOGA, HERON, THURSDAY}),
    ],
)
def test_a_follow_up_changes_only_what_it_names(then: list[str], now: set[tuple[str, Condition]]) -> None:
    assert wishes(FIRST, *then) == now


@pytest.mark.parametrize(
    "text",
    [
        "Any free walking groups on Fridays?",
        "How do I build a habit that lasts?",
        "Is there pickleball for beginners somewhere?",
        "I feel lonely since I retired",
    ],
)
def test_a_new_topic_drops_what_was_asked_for(text: str) -> None:
    found = asked(text, [FIRST], PLACES)
    assert found.text == text
    assert not {YOGA, HERON, THURSDAY} & wishes(FIRST, text)


@pytest.mark.parametrize(
    ("messages", "query"),
    [
        ([FIRST, "and on Tuesdays?"], "yoga at Heron Quay and on Tuesdays?"),
        ([FIRST, "any day is fine"], "yoga at Heron Quay"),
        (["Is there a swimming class in town?", "And how often?"], "Is there a swimming class in town? And how often?"),
        (["What is M-PAC?", "And who came up with it?"], "What is M-PAC? And who came up with it?"),
        (["Hello"], "Hello"),
    ],
)
def test_the_words_to_search_with_hold_what_is_still_asked_for(messages: list[str], query: str) -> None:
    assert asked(messages[-1], messages[:-1], PLACES).text == query


def test_a_shorter_one_is_shorter_than_the_last() -> None:
    [minutes] = [one for kind, one in wishes("a 20 minute workout", "something shorter") if kind == "minutes"]
    assert minutes == Condition("minutes", at_most=19)


@pytest.mark.parametrize(
    ("text", "science", "wanted"),
    [
        ("What does the research say about habits?", None, True),
        ("Why does walking help my mood?", None, True),
        ("¿Por qué caminar?", None, True),
        ("Who came up with M-PAC?", None, True),
        ("I miss my colleagues and the tea breaks", None, False),
        ("I miss my colleagues", True, True),
        ("What does the research say?", False, False),
    ],
)
def test_science_is_wanted_when_the_words_ask_for_facts_or_the_caller_says_so(
    text: str, science: bool | None, wanted: bool
) -> None:
    assert plan_for(text, (), PLACES, collections=("lessons",), science=science, limit=5).science == wanted
