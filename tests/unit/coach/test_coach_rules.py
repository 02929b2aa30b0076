"""Rules of the modes over replies: what is left out, what is mended, and what stays as it is."""

from __future__ import annotations

import pytest

from coach.modes import MODES
from coach.rules import Rules


def said(mode: str, *sentences: str) -> list[str]:
    rules = Rules(MODES[mode])
    return [kept for sentence in sentences if (kept := rules.kept(sentence))]


@pytest.mark.parametrize("mode", ["low_intention", "emotion"])
@pytest.mark.parametrize(
    "push",
    [
        "You could try a short walk.",
        "How about ten minutes tomorrow.",
        "Maybe consider a class.",
        "If you ever feel ready, I am here.",
        "Start with one song.",
        "Pick a small goal.",
        "Let\u2019s make a plan.",
        "Vous pourriez marcher un peu.",
        "Intente caminar un poco.",
        "What would help?",
    ],
)
def test_who_does_not_want_to_or_hurts_is_neither_pushed_nor_asked(mode: str, push: str) -> None:
    kind = "That is a hard feeling to carry."
    assert said(mode, kind, push) == [kind]


def test_a_question_for_a_nod_is_kept_as_a_statement() -> None:
    assert said("emotion", "It can feel lonely, can't it?") == ["It can feel lonely."]


def test_elsewhere_one_question_is_asked_and_suggestions_are_welcome() -> None:
    assert said("coaching", "You could walk to the corner.", "Shall we plan it?", "Or not?") == [
        "You could walk to the corner.",
        "Shall we plan it?",
    ]


def test_a_reply_has_three_sentences_and_four_for_the_framework() -> None:
    sentences = [f"This is sentence {number}." for number in range(6)]
    assert said("education", *sentences) == sentences[:3]
    assert said("framework", *sentences) == sentences[:4]


def test_the_framework_is_named_only_when_asked_for() -> None:
    sentence = "M-PAC calls this a reflexive process."
    assert said("coaching", sentence, "Habits grow.") == ["Habits grow."]
    assert said("framework", sentence) == [sentence]


def test_marks_of_lists_and_emphasis_are_taken_off() -> None:
    assert said("education", "- **Balance** grows with practice.") == ["Balance grows with practice."]


def test_every_fallback_keeps_the_rules_of_its_mode() -> None:
    for name, mode in MODES.items():
        sentences = mode.fallback.replace("? ", "?|").replace(". ", ".|").split("|")
        assert said(name, *sentences) == sentences or mode.canned
