from __future__ import annotations

import pytest

from coach.plan import route
from coach.turn import Message


@pytest.mark.parametrize(
    ("text", "mode", "collections"),
    [
        ("What exercises can I do at home?", "home_resources", ("resources",)),
        ("Can you find me a playlist for the kitchen", "home_resources", ("resources",)),
        ("Are there yoga classes near me?", "local_activities", ("activities",)),
        ("where can I swim on Tuesdays", "local_activities", ("activities",)),
        ("Why does strength matter after sixty?", "coaching", ("lessons", "activities", "resources")),
        ("Retired in March. Where do I begin?", "coaching", ("lessons", "activities", "resources")),
        ("where can I read more about habits", "coaching", ("lessons", "activities", "resources")),
    ],
)
def test_the_wording_chooses_the_collections(text: str, mode: str, collections: tuple[str, ...]) -> None:
    chosen = route(text, [])
    assert (chosen.mode, chosen.plan.collections, chosen.query) == (mode, collections, text)


HISTORY = [
    Message("user", "Something about balance"),
    Message("assistant", "Of course."),
    Message("user", "Is there a swimming class in town?"),
    Message("assistant", "Yes, at the pool."),
]


@pytest.mark.parametrize("text", ["And how often?", "what about Saturdays", "when?"])
def test_a_short_follow_up_is_read_with_the_persons_last_message(text: str) -> None:
    chosen = route(text, HISTORY)
    assert chosen.query == f"Is there a swimming class in town? {text}"
    assert chosen.mode == "local_activities"


def test_a_message_with_a_topic_of_its_own_stands_alone() -> None:
    assert route("Tell me about stronger leg muscles", HISTORY).query == "Tell me about stronger leg muscles"


def test_the_newest_words_decide_before_the_older_ones() -> None:
    assert route("And at home?", HISTORY).mode == "home_resources"


def test_a_short_first_message_is_searched_as_it_is() -> None:
    assert route("Hello", []).query == "Hello"
