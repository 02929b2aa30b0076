"""A passage: the smallest piece of a programme that is found, quoted and cited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

COLLECTIONS = ("lessons", "activities", "resources")

Value = str | int | float | tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """One passage. `text` is what may be quoted; sources and other facts about it are in `metadata`.

    A lesson passage from the science modules has `science: "true"` there.
    """

    id: str
    collection: str
    title: str
    text: str
    metadata: Mapping[str, Value] = field(default_factory=dict)

    @property
    def embedded_text(self) -> str:
        """What the embedding model and the word search see."""
        return self.text if self.text == self.title else f"{self.title}\n{self.text}"

    @property
    def withheld(self) -> bool:
        """Whether its author wants it never to be found or cited: a quiz, a survey, a list of references."""
        return self.metadata.get("do_not_reference") == "true"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the index file and for Qdrant's payload."""
        metadata = {name: list(value) if isinstance(value, tuple) else value for name, value in self.metadata.items()}
        return {
            "id": self.id,
            "collection": self.collection,
            "title": self.title,
            "text": self.text,
            "metadata": metadata,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Passage:
        """The passage that `as_dict` described.

        Raises:
            KeyError: when a field is missing.
        """
        metadata = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values["metadata"].items()
        }
        return cls(values["id"], values["collection"], values["title"], values["text"], metadata)


@dataclass(frozen=True)
class Hit:
    """A passage that was found, with the cosine of its meaning to the query's, 0 to 1.

    `relaxed` names what the person asked for and the passage does not meet: place, day, cost (`rag.conditions.KINDS`).
    """

    passage: Passage
    score: float
    relaxed: tuple[str, ...] = ()


# What a format's reader yields: a line number (from 1), and the passage that starts there or what is wrong with it.
Records = Iterator[tuple[int, Passage | str]]
