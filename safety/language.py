"""Which of the three languages of the fixed texts a message is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from safety.tables import read

Language = Literal["en", "fr", "es"]

_LANGUAGES: tuple[Language, ...] = ("en", "fr", "es")
_TELLING = {name: frozenset(phrases.replace(",", " ").split()) for name, phrases in read("language").words.items()}


def language_of(words: Iterable[str]) -> Language:
    """The language whose telling words are most of `words`; English when in doubt."""
    found = list(words)
    scores = {language: sum(word in _TELLING[language] for word in found) for language in _LANGUAGES}
    best = max(_LANGUAGES, key=lambda language: (scores[language], language == "en"))
    return best if scores[best] > scores["en"] else "en"
