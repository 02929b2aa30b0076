"""Questions that passages answer, in a file beside the documents: they are compared with queries, and never shown.

A line is `{"id": "<a passage's id>", "questions": ["…", …]}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rag.text import line_of

_MOST, _LONGEST = 8, 200  # questions of a passage; characters
_SHAPE = f'{{"id": "…", "questions": ["…"]}} with 1 to {_MOST} questions of at most {_LONGEST} characters'


def recognises(text: str) -> bool:
    """Whether the first line is a record of such a file."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return {"id", "questions"} <= set(json.loads(first))
    except (ValueError, TypeError):
        return False


def read(text: str) -> Iterator[tuple[int, tuple[str, tuple[str, ...]] | str]]:
    """Each line's number, with the passage's id and its questions, or with what is wrong."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, _record(line) or f"each line must be {_SHAPE}"


def _record(line: str) -> tuple[str, tuple[str, ...]] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or set(record) != {"id", "questions"} or not isinstance(record["id"], str):
        return None
    questions = usable(record["questions"])
    return (record["id"], questions) if questions and len(questions) == len(record["questions"]) else None


def usable(questions: object) -> tuple[str, ...]:
    """The questions of one passage that fit, of what may be anything: some texts, not too long, not too many."""
    if not isinstance(questions, list):
        return ()
    fitting = (line_of(text) for text in questions if isinstance(text, str) and len(text) <= _LONGEST)
    return tuple(text for text in fitting if text)[:_MOST]
