from __future__ import annotations

import pytest

from coach.modes import MODES
from coach.plan import PASSAGES, plan, suitable
from coach.turn import Citation, Message, State
from rag.passage import Hit, Passage
from tests.unit.coach.shelf import Shelf


@pytest.mark.parametrize(
    ("mode", "collections", "science"),
    [
        ("home_resources", ("resources",), False),
        ("local_activities", ("activities",), False),
        ("education", ("lessons",), False),
        ("framework", ("lessons",), True),
        ("coaching", ("lessons", "activities", "resources"), False),
    ],
)
def test_the_mode_chooses_the_collections(mode: str, collections: tuple[str, ...], *, science: bool) -> None:
    chosen = plan(Shelf(), "Tell me more", [], MODES[mode])
    assert (chosen.collections, chosen.science, chosen.limit) == (collections, science, PASSAGES)


def test_a_follow_up_is_read_with_what_the_person_said_and_not_with_the_answers() -> None:
    history = [Message("user", "Is there a swimming class?"), Message("assistant", "Yes.")]
    chosen = plan(Shelf(), "And on Saturdays?", history, MODES["local_activities"])
    assert chosen.query == "Is there a swimming class? And on Saturdays?"


def hit(collection: str, title: str) -> Hit:
    return Hit(Passage(title, collection, title, f"{title}: all welcome"), score=0.5)


def test_what_a_person_turned_down_is_not_offered_but_may_be_explained() -> None:
    lane, walk, why = hit("activities", "Lane Swim"), hit("activities", "Harbour Walk"), hit("lessons", "Why swim")
    assert suitable([lane, walk, why], State(disliked=("swimming",))) == [walk, why]
    assert suitable([lane, walk, why], State()) == [lane, walk, why]


def test_what_is_in_it_for_them_is_looked_for_among_the_benefits() -> None:
    chosen = plan(Shelf(), "And what\u2019s in it for me?", [], MODES["education"])
    assert "what good does moving do me" in chosen.query


def cited(*titles: str, collection: str = "activities") -> Message:
    return Message("assistant", "These.", tuple(Citation(title, title, collection, 0.5, title) for title in titles))


@pytest.mark.parametrize(
    "text",
    [
        "How much does it cost?",
        "How much is it and do I need to bring a bat?",
        "And when is it?",
        "What time does it start?",
        "Where are they?",
        "how much?",
        "And on which day is it?",
        "Anything free? My pension is small.",
        "Do I need to book, and can I bring my husband?",
        "¿Y cuánto cuesta?",
        "À quelle heure ça commence ?",
    ],
)
def test_a_question_after_what_was_just_named_is_answered_of_that(text: str) -> None:
    history = [Message("user", "Where can I swim?"), cited("Lane Swim", "Aquafit Deep")]
    chosen = plan(Shelf(), text, history, MODES["local_activities"])
    assert (chosen.query, chosen.collections, chosen.limit) == (
        "Lane Swim: Lane Swim\nAquafit Deep: Aquafit Deep",
        ("activities",),
        2,
    )


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("How much is the first one?", "Lane Swim: Lane Swim"),
        ("What time does the last one start?", "Aquafit Deep: Aquafit Deep"),
        ("How much is the third one?", "Lane Swim: Lane Swim\nAquafit Deep: Aquafit Deep"),
    ],
)
def test_the_one_that_they_point_at_is_looked_up_alone(text: str, query: str) -> None:
    history = [Message("user", "Where can I swim?"), cited("Lane Swim", "Aquafit Deep")]
    assert plan(Shelf(), text, history, MODES["local_activities"]).query == query


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("How much does the yoga class cost?", cited("Lane Swim")),
        ("How much is it to play golf?", cited("Lane Swim")),
        ("How much does it cost?", cited("Sore knees", collection="lessons")),
    ],
)
def test_another_question_is_searched_for_as_it_is(text: str, before: Message) -> None:
    chosen = plan(Shelf(), text, [Message("user", "Hello"), before], MODES["local_activities"])
    assert (chosen.query, chosen.limit) == (text, PASSAGES)


def test_for_sources_the_passages_just_cited_are_looked_up() -> None:
    history = [Message("user", "Why?"), cited("Why move", collection="lessons"), Message("user", "Thanks")]
    assert plan(Shelf(), "Who did that study?", history, MODES["sources"]).query == "Why move: Why move"
    assert plan(Shelf(), "Who did that study?", [], MODES["sources"]).query == ""
