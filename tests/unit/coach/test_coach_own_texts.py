"""Texts of ours go the way of a model's reply, so the screening must let every one of them pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import safety
from coach import canned
from coach.citations import unmarked_source
from coach.sentences import split
from offline import phrases
from rag.passage import Hit
from rag.reading import read_folder

TEXTS = [
    *(text for texts in canned.FIXED.values() for text in texts.values()),
    *(
        text
        for texts in vars(canned).values()
        if isinstance(texts, Mapping) and "en" in texts
        for text in texts.values()
    ),
    *(value for name, value in vars(phrases).items() if name.isupper() and isinstance(value, str)),
    *phrases.RECALLED.values(),
    *(
        text
        for topic in (*phrases.TOPICS, phrases.ASKED, phrases.TOLD)
        for text in (*topic.reflections, *topic.questions)
    ),
]
LESSONS = [
    Hit(passage, 0.5)
    for passage in read_folder(Path(__file__).parents[3] / "knowledge").passages
    if passage.collection == "lessons"
]
SENTENCES = sorted({sentence.strip() for text in TEXTS for sentence in split([text])})


def test_there_is_something_to_look_at() -> None:
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_ours_passes(sentence: str) -> None:
    assert safety.screen_reply(sentence).verdict == "pass"


def test_a_fixed_line_of_the_offline_model_is_taken_from_no_lesson() -> None:
    topics = (*phrases.TOPICS, phrases.ASKED, phrases.TOLD)
    lines = {line for topic in topics for line in topic.reflections} | {
        phrases.KEPT,
        phrases.MISSED,
        *phrases.NOTHING_FOUND,
    }
    assert [line for line in sorted(lines) if unmarked_source(line, LESSONS)] == []
