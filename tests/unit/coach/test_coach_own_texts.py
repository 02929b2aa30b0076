"""Texts of ours go the way of a model's reply, so the screening must let every one of them pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import safety
from coach import canned
from coach.sentences import split
from offline import phrases

TEXTS = [
    *(text for texts in canned.FIXED.values() for text in texts.values()),
    *(
        text
        for texts in vars(canned).values()
        if isinstance(texts, Mapping) and "en" in texts
        for text in texts.values()
    ),
    *(value for name, value in vars(phrases).items() if name.isupper() and isinstance(value, str)),
    *(
        text
        for topic in (*phrases.TOPICS, phrases.ASKED, phrases.TOLD)
        for text in (*topic.reflections, *topic.questions)
    ),
]
SENTENCES = sorted({sentence.strip() for text in TEXTS for sentence in split([text])})


def test_there_is_something_to_look_at() -> None:
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_ours_passes(sentence: str) -> None:
    assert safety.screen_reply(sentence).verdict == "pass"
