from __future__ import annotations

import pytest

from rag import wording
from rag.passage import Passage

VOCABULARY = wording.vocabulary(
    [Passage("a", "lessons", "Balance exercises", "Walk with friends in Fairhaven, stretch and enjoy your retirement.")]
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("my ballance", "my balance"),
        ("excersise in the morning", "exercise in the morning"),
        ("with freinds in Fairhavn", "with friends in fairhaven"),
        ("strech", "stretch"),
    ],
)
def test_a_slip_of_the_pen_is_read_as_the_programmes_word(text: str, meant: str) -> None:
    assert wording.understood(text, VOCABULARY | {"exercise"}) == meant


@pytest.mark.parametrize("text", ["please", "Margaret walks and enjoys", "depot banter", "warned", "a woman", "friend"])
def test_other_words_are_left_alone(text: str) -> None:
    assert wording.understood(text, VOCABULARY) == text


def test_fillers_are_left_out() -> None:
    assert wording.understood("Um, so I, er, sit, you know, all day", VOCABULARY) == "so I, sit, all day"
    assert wording.understood("the summer ermine", VOCABULARY) == "the summer ermine"


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("J'ai peur de tomber", "I fear of falls"),
        ("¿cuánto tiempo puedo estar sentado?", "how long can sitting"),
        ("une vidéo de marche de 30 minutes", "a video of walk of 30 minutes"),
        ("yoga doux", "yoga gentle"),
        ("clases de baile en Fairhaven", "class of dance fairhaven"),
    ],
)
def test_french_and_spanish_become_english_words(text: str, english: str) -> None:
    assert wording.understood(text, VOCABULARY) == english


def test_english_is_not_taken_for_another_language() -> None:
    for text in ("on me a plan", "can a club in the park help", "yoga", "no pain, no gain", "tai chi"):
        assert wording.understood(text, VOCABULARY) == text


def test_the_glossary_is_broad_and_every_line_can_be_read() -> None:
    lines = [line for line in wording.GLOSSARY.read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) >= 400
    for line in lines:
        english, colon, others = line.partition(":")
        assert colon, line
        assert english.isascii(), line
        assert all(0 < len(other.split()) <= 3 for other in others.split(",")), line
