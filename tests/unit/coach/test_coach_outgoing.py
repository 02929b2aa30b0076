"""What the model may not hand a person is cut out of its sentences; what the cited passages hold may stay."""

from __future__ import annotations

import time

import pytest

from coach.outgoing import clean


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("Visit https://evil.example/x?q=1 for more.", "Visit (link removed) for more."),
        ("Read more at www.walk.example.", "Read more."),
        ("shop.example/offer is cheap.", "(link removed) is cheap."),
        ("Look at [our page](http://a.example) today.", "Look at our page today."),
        ("See (https://x.example) for it.", "See for it."),
        ("Walk well ![x](https://c.example/p?d=WORDS).", "Walk well."),
        ("Open javascript:alert(1) please.", "Open (link removed) please."),
        ("Go to 10.0.0.1/admin.", "Go to (link removed)."),
        ("Write to bob@evil.example today.", "Write to (address removed) today."),
        ("Write to bob (at) evil dot com today.", "Write to (address removed) today."),
        ("Call 1-800-555-0199 for pills.", "Call (number removed) for pills."),
        ("Call 555-0199 to join.", "Call (number removed) to join."),
        ("Hello <img src=x onerror=alert(1)> there.", "Hello there."),
        ("Walk.<script>alert(1)</script>", "Walk."),
        ("Walk. <scr<script></script>ipt>alert(1)</script>", "Walk. alert(1)"),
        ("Walk. &lt;img src=x&gt;", "Walk."),
        ("Walk <iframe src=https://evil.example", "Walk"),
        ("Hid\u200bden\u202e text.", "Hidden text."),
    ],
)
def test_it_is_cut_without_breaking_the_sentence(sentence: str, left: str) -> None:
    text, taken_out = clean(sentence, [])
    assert (text.strip(), taken_out) == (left, True)


@pytest.mark.parametrize(
    "sentence",
    [
        "Call 911 now.",
        "Samaritans are on 116 123, Lifeline on 13 11 14.",
        "Aim for 500-1000 steps; a study of 2019-2020 shows it.",
        "A pace < 5 km/h is fine, and > 3 is brisk.",
        "It opens at 10.30 a.m., e.g. on Monday, 2026-11-24.",
        "Walk and/or swim, 1/2 hour, 3x10 steps, $4.50/visit.",
        "Take it slow...then go.",
        "Try 8 10 12 15 20 steps.",
    ],
)
def test_ordinary_sentences_stay_as_they_are(sentence: str) -> None:
    assert clean(sentence, []) == (sentence, False)


def test_what_a_cited_passage_holds_may_stay_and_nothing_that_only_looks_like_it() -> None:
    source = "Sign up at https://good.example/a, mail ann@good.example or call (604) 555-0199."
    sentence = "See https://good.example/a, mail ann@good.example or call 604-555-0199."
    assert clean(sentence, [source]) == (sentence, False)
    assert "evil" not in clean("See https://good.example/a.evil.example/b.", [source])[0]
    assert "good" not in clean("See https://good.example/?q=words.", [source])[0]


@pytest.mark.parametrize("piece", ["<", "a", "a.", "![", "[a](", "0 0", "a@", "http://", "1-", "dot ", "&lt;"])
def test_long_hostile_sentences_do_not_hang(piece: str) -> None:
    began = time.monotonic()
    clean((piece * 4000)[:4000], [])
    assert time.monotonic() - began < 5  # a hang check: a backtracking pattern would take minutes
