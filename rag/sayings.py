"""Things people say, compared with a query by meaning: they lead to words of a programme, or to a passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("sayings.txt")


@dataclass(frozen=True)
class Saying:
    """A wording, and either the words by which a programme speaks of it or the id of a passage that answers it.

    `by_model` marks a question that a chat model made up.
    """

    text: str
    words: str = ""
    passage: str = ""
    by_model: bool = False

    def as_dict(self) -> dict[str, str | bool]:
        """For the index file and for Qdrant's payload."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Saying:
        """The saying that `as_dict` described.

        Raises:
            KeyError: when a field is missing.
        """
        return cls(values["text"], values["words"], values["passage"], values["by_model"])


def common() -> list[Saying]:
    """Those of `sayings.txt`, which fit any programme about movement and later life."""
    found, topic = list[Saying](), ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            topic = line
        found.append(Saying(line.strip(), words=topic))
    return found


def asked(questions: Mapping[str, Sequence[str]], *, by_model: bool = False) -> list[Saying]:
    """The questions that passages answer, by the passages' ids."""
    return [
        Saying(text, passage=passage_id, by_model=by_model) for passage_id, texts in questions.items() for text in texts
    ]
