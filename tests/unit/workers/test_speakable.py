from __future__ import annotations

import pytest

from workers.speakable import LONGEST, speakable, utterances


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Walk for 10-15 minutes.", "Walk for 10 to 15 minutes."),
        ("Walk for 10–15 min.", "Walk for 10 to 15 minutes."),  # noqa: RUF001 (the dash is the point)
        ("Rest 30 min. Then go on.", "Rest 30 minutes. Then go on."),
        ("Rest for 1 min. or so.", "Rest for 1 minute or so."),
        ("It takes 1 hr.", "It takes 1 hour."),
        ("Walk 1.5 km at 80%.", "Walk 1.5 kilometres at 80 percent."),
        ("It costs $5.", "It costs 5 dollars."),
        ("It costs $1 a visit.", "It costs 1 dollar a visit."),
        ("It costs $5.50.", "It costs 5 dollars 50."),
        ("It costs $5-10.", "It costs 5 to 10 dollars."),
        ("Some walk 10,000 steps.", "Some walk 10000 steps."),
        ("Call 911 now.", "Call 9 1 1 now."),
        ("Call or text 9-8-8.", "Call or text 9 8 8."),
        ("Call 988, or 999, or 000.", "Call 9 8 8, or 9 9 9, or 0 0 0."),
        ("He walked 1911 steps, or 911.5.", "He walked 1911 steps, or 911.5."),
        ("Stand up **slowly**, with *care* and `ease`.", "Stand up slowly, with care and ease."),
        ("# Today\nGo out.", "Today\nGo out."),
        ("Hold on. [balance-basics-03] Then let go [walking_02].", "Hold on. Then let go."),
        ("See [our page](https://example.org/a).", "See our page."),
        ("See https://example.org/a?b=c.", "See the link in the written answer."),
        ("It helps (https://example.org).", "It helps."),
        ("Well done! 🎉👍", "Well done!"),
        (
            "Stretch, e.g. your calves, and/or your back & neck.",
            "Stretch, for example, your calves, or your back and neck.",
        ),
        ("Start small — and smile.", "Start small, and smile."),
        ("A <b>strong</b> core.", "A strong core."),
        ("Keep snake_case_words and 2-year plans.", "Keep snake_case_words and 2-year plans."),
        ("Sit-to-stand, well-being, 5 x 5.", "Sit-to-stand, well-being, 5 x 5."),
    ],
)
def test_what_is_written_is_said_as_one_says_it(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


def test_a_reply_is_spoken_sentence_by_sentence_and_short_ones_together() -> None:
    text = "Good. Well done. You could walk for 10-15 minutes after lunch. What would help you to begin?"

    assert list(utterances(text)) == [
        "Good. Well done. You could walk for 10 to 15 minutes after lunch.",
        "What would help you to begin?",
    ]


def test_items_of_a_list_are_told_apart() -> None:
    assert list(utterances("Try one of these:\n\n- Walking in the park\n- Swimming")) == [
        "Try one of these: Walking in the park.",
        "Swimming.",
    ]


@pytest.mark.parametrize("text", ["", "...", "🙂", "**", "[balance-01]", "\n\n"])
def test_what_has_no_words_is_not_spoken(text: str) -> None:
    assert list(utterances(text)) == []


def test_a_sentence_without_end_is_cut_between_words() -> None:
    found = list(utterances("walk " * 1000))

    assert all(len(piece) <= LONGEST for piece in found)
    assert " ".join(found) == ("walk " * 1000).strip() + "."
