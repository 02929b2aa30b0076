"""What a message owes to the one before it."""

from __future__ import annotations

import pytest

from safety import asks_what_is_not_ours, triage, triage_after

CHEST = "I've got a tight band round my chest and my arm is numb."


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (CHEST, "It's gone now. Should I go walking tomorrow?"),
        (CHEST, "I feel fine again, what is lesson 3 about?"),
        (
            "I had pressure in my chest on the hill yesterday, it passed when I stopped.",
            "Is it all right if I go again?",
        ),
        ("I take metoprolol, can I skip it on days I exercise?", "So you agree I can skip it?"),
    ],
)
def test_a_caution_goes_on_while_the_person_goes_on_about_it(before: str, text: str) -> None:
    assert not triage(text).grave
    found = triage_after(before, text, "UK")
    assert (found.category, found.matched, found.locale) == ("medical_caution", ("follow_up",), "UK")


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("", "Should I go walking tomorrow?"),
        ("I walked to the shops yesterday.", "Should I go walking tomorrow?"),
        (CHEST, "What is on near me?"),
    ],
)
def test_a_message_of_its_own_is_judged_by_itself(before: str, text: str) -> None:
    assert triage_after(before, text) == triage(text)


def test_an_emergency_stays_one_whatever_was_said_before() -> None:
    assert triage_after("It passed, I feel fine.", CHEST).category == "emergency"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("Would it be ok to halve my insulin when I go swimming?", False),
        ("I had a stent put in last year. Am I cleared to jog?", False),
        ("I had some chest pain last month but it passed. May I join the walking group?", False),
        ("How much ibuprofen can I take before a walk?", False),
        ("I had a hip replacement in May.", True),
        ("Can I walk with sore knees?", True),
    ],
)
def test_leave_and_medicines_are_not_ours_to_speak_of(text: str, *, ours: bool) -> None:
    assert asks_what_is_not_ours(triage(text), text) is not ours
