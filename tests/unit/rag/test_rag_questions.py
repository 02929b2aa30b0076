from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import questions
from rag.reading import Reading, read_folder

LESSON = "---\nid: chairs\ntitle: T\ncollection: lessons\n---\n\n## A chair\nSit.\n\n## Legs\nLift.\n"
QUIZ = "---\nid: quiz\ntitle: Q\ncollection: lessons\ndo_not_reference: true\n---\n\n## What is this?\nA chair.\n"


def line(passage_id: object, *texts: object) -> str:
    return json.dumps({"id": passage_id, "questions": list(texts)}) + "\n"


def read(folder: Path, content: str) -> Reading:
    (folder / "a-questions.any").write_text(content)  # read before the passages that it names
    (folder / "chairs.md").write_text(LESSON)
    (folder / "quiz.md").write_text(QUIZ)
    return read_folder(folder)


def test_questions_are_kept_for_their_passages_whatever_the_file_is_called(tmp_path: Path) -> None:
    reading = read(tmp_path, "\n" + line("chairs-02", "my legs  ache", "why lift?") + line("chairs-01", "seat?"))
    assert reading.questions == {"chairs-02": ("my legs ache", "why lift?"), "chairs-01": ("seat?",)}
    assert reading.problems == []
    assert len(reading.passages) == 2


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("{\n", "each line must be"),
        (line("chairs-01"), "each line must be"),
        (line("chairs-01", " "), "each line must be"),
        (line("chairs-01", "x" * 201), "each line must be"),
        (line("chairs-01", *"abcdefghi"), "each line must be"),
        (line("chairs-01", 7), "each line must be"),
        (line(7, "a?"), "each line must be"),
        (json.dumps({"id": "chairs-01", "questions": ["a?"], "note": ""}) + "\n", "each line must be"),
        (line("chairs-02", "again?"), "chairs-02 has questions already"),
        (line("chairs-09", "a?"), "no passage chairs-09"),
        (line("quiz-01", "a?"), "no passage quiz-01"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path, broken: str, says: str) -> None:
    reading = read(tmp_path, line("chairs-02", "why?") + broken)
    [problem] = reading.problems
    assert (problem.file, problem.line) == (str(tmp_path / "a-questions.any"), 2)
    assert says in problem.reason
    assert reading.questions == {"chairs-02": ("why?",)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "q-1", "query": "x"}', "id,questions\n", "7"])
def test_other_files_are_not_taken_for_questions(text: str) -> None:
    assert not questions.recognises(text)
