from __future__ import annotations

import pytest

from rag import markdown
from rag.passage import Passage

LESSON = """---
id: balance-basics
title: Balance basics
collection: lessons
lesson: 2
---

What this lesson
is about.

## Why balance fades
Muscles weaken when
they rest.

They come back too.

- chairs
- a wall
  to lean on

Source: Public Health Agency, 2022
Source: A textbook

## One leg
Lift one foot.
"""


def passages(text: str) -> list[Passage]:
    return [record for _, record in markdown.read(text, "a-file") if isinstance(record, Passage)]


def problems(text: str) -> list[tuple[int, str]]:
    return [(line, record) for line, record in markdown.read(text, "a-file") if isinstance(record, str)]


def test_each_heading_is_a_passage_numbered_in_its_file() -> None:
    assert [(passage.id, passage.title) for passage in passages(LESSON)] == [
        ("balance-basics-01", "Why balance fades"),
        ("balance-basics-02", "One leg"),
    ]


def test_text_is_unwrapped_and_without_its_sources() -> None:
    first = passages(LESSON)[0]
    assert first.text == ("Muscles weaken when they rest.\nThey come back too.\n- chairs\n- a wall to lean on")
    assert first.metadata["source"] == ("Public Health Agency, 2022", "A textbook")


def test_front_matter_and_description_describe_every_passage_of_the_lesson() -> None:
    for number, passage in enumerate(passages(LESSON), start=1):
        assert passage.collection == "lessons"
        assert passage.metadata["lesson"] == 2
        assert passage.metadata["document"] == "Balance basics"
        assert passage.metadata["description"] == "What this lesson is about."
        assert passage.metadata["number"] == number


def test_a_broken_passage_is_named_with_its_line_and_keeps_its_number() -> None:
    text = LESSON.replace("## One leg\n", "## Nothing here\n\n## One leg\n")
    assert [line for line, _ in problems(text)] == [24]
    assert [passage.id for passage in passages(text)] == ["balance-basics-01", "balance-basics-03"]


def test_text_after_a_source_line_is_a_problem_and_is_not_quoted() -> None:
    text = LESSON.replace("Source: A textbook", "Source: A textbook\nand its second line")
    assert [(line, "Source" in reason) for line, reason in problems(text)] == [(11, True)]
    assert [passage.id for passage in passages(text)] == ["balance-basics-02"]


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("title: Balance basics\n", "", "no title"),
        ("id: balance-basics", "id: Balance Basics", "lower-case"),
        ("collection: lessons", "collection: poems", "lessons, activities, resources"),
        ("lesson: 2\n---", "lesson: 2", "not closed"),
        ("## ", "### ", "## Heading"),
    ],
)
def test_a_lesson_that_cannot_be_read_says_what_to_mend(wrong: str, right: str, says: str) -> None:
    [(line, reason)] = problems(LESSON.replace(wrong, right))
    assert line == 1
    assert says in reason


@pytest.mark.parametrize("text", ["# Read me\n\nid: x\n", "", "name,what,where\n", "---\nlayout: page\n---\n\n## A\nb"])
def test_other_texts_are_not_taken_for_lessons(text: str) -> None:
    assert not markdown.recognises(text)


def test_a_lesson_is_recognised() -> None:
    assert markdown.recognises(LESSON)


def test_a_lesson_without_an_id_takes_the_name_of_its_file() -> None:
    records = markdown.read(LESSON.replace("id: balance-basics\n", ""), "Équilibre & Balance")
    assert [record.id for _, record in records if isinstance(record, Passage)] == [
        "equilibre-balance-01",
        "equilibre-balance-02",
    ]


def test_the_collection_asked_for_wins_over_the_files_own() -> None:
    for text in (LESSON, LESSON.replace("collection: lessons\n", "")):
        collections = [r.collection for _, r in markdown.read(text, "x", "resources") if isinstance(r, Passage)]
        assert collections == ["resources", "resources"]


def test_a_lesson_can_be_withheld_and_marked_as_science() -> None:
    marked = passages(LESSON.replace("lesson: 2\n", "lesson: 2\nscience: true\ndo_not_reference: true\n"))
    assert [(passage.metadata["science"], passage.withheld) for passage in marked] == [("true", True)] * 2
    assert not passages(LESSON)[0].withheld


def test_signs_that_nobody_sees_are_taken_out() -> None:
    text = LESSON.replace("Lift one", "Lift\u00a0on\u200be")
    assert passages(text)[1].text == "Lift one foot."
