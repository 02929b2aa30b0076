from __future__ import annotations

import pytest

from coach.sentences import split

CASES = [
    ("One. Two! Three?", ["One.", " Two!", " Three?"]),
    ("Walk 10-15 min. three times a week. Then rest.", ["Walk 10-15 min. three times a week.", " Then rest."]),
    ("Start with 10-15 min. Then rest.", ["Start with 10-15 min.", " Then rest."]),
    ("Lift 2.5 kg. Put it down.", ["Lift 2.5 kg.", " Put it down."]),
    ("Use a support, e.g. a chair. Breathe.", ["Use a support, e.g. a chair.", " Breathe."]),
    ("Use a support, e.g. Grandma's chair. Breathe.", ["Use a support, e.g. Grandma's chair.", " Breathe."]),
    ("Ask Dr. Lee first. She knows you.", ["Ask Dr. Lee first.", " She knows you."]),
    ("Mr. A. Smith leads it. Join him.", ["Mr. A. Smith leads it.", " Join him."]),
    ("It opens at 9 a.m. on Mondays. Come along.", ["It opens at 9 a.m. on Mondays.", " Come along."]),
    ("Rooms no. 5 and approx. 20 chairs. Good.", ["Rooms no. 5 and approx. 20 chairs.", " Good."]),
    ("No. It can wait.", ["No.", " It can wait."]),
    ("So can I. We all can.", ["So can I.", " We all can."]),
    ("Hmm... maybe later. Fine.", ["Hmm... maybe later.", " Fine."]),
    ('She said "Go!" Then she went.', ['She said "Go!"', " Then she went."]),
    ("Balance grows [bal-01]. It lasts.", ["Balance grows [bal-01].", " It lasts."]),
    ("Balance grows. [bal-01] It lasts.", ["Balance grows. [bal-01]", " It lasts."]),
    (
        "Balance grows. [bal-01] [bal-02]\nIt lasts. [bal-03]",
        ["Balance grows. [bal-01] [bal-02]", "\nIt lasts. [bal-03]"],
    ),
    ("See [this](http://a.test). Nice.", ["See [this](http://a.test).", " Nice."]),
    ("Two ways:\n- Walk\n- Swim\n\nYour choice", ["Two ways:", "\n- Walk", "\n- Swim", "\n\nYour choice"]),
    ("1. Stand up.\n2. Sit down.", ["1. Stand up.", "\n2. Sit down."]),
    ("A line that\nwraps stays whole. Next.", ["A line that\nwraps stays whole.", " Next."]),
    ("C'est bien ! On y va ? Oui.", ["C'est bien !", " On y va ?", " Oui."]),
    ("no stop at the end", ["no stop at the end"]),
    ("  \n ", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_text_is_cut_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert list(split([text])) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_cut_does_not_depend_on_how_the_text_arrives(text: str, expected: list[str], size: int) -> None:
    assert list(split(text[at : at + size] for at in range(0, len(text), size))) == expected


def test_a_sentence_is_given_out_before_the_next_one_is_complete() -> None:
    pieces = iter(["Walk today. ", "Tomorrow ", "rest."])
    assert next(split(pieces)) == "Walk today."
    assert list(pieces) == ["rest."]  # not read yet
