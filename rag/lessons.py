"""What the lessons of a programme are called, read from the passages that they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rag.passage import Passage


@dataclass(frozen=True)
class Lesson:
    """A numbered lesson; `description` is "" where it has none, `opening` the first passage of it."""

    number: int
    title: str
    description: str
    opening: Passage


def lessons_of(passages: Iterable[Passage]) -> tuple[Lesson, ...]:
    """The lessons that the passages belong to, by their numbers."""
    first: dict[int, Passage] = {}
    for passage in passages:
        number = passage.metadata.get("lesson")
        if isinstance(number, int) and (number not in first or _place(passage) < _place(first[number])):
            first[number] = passage
    return tuple(
        Lesson(number, str(opening.metadata.get("document", "")), str(opening.metadata.get("description", "")), opening)
        for number, opening in sorted(first.items())
    )


def _place(passage: Passage) -> int:
    place = passage.metadata.get("number", 0)
    return place if isinstance(place, int) else 0
