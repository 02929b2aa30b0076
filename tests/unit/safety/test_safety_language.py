"""The language of a message decides in which language a person in danger is answered."""

from __future__ import annotations

import pytest

from safety.language import language_of
from safety.normalise import words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("he hits me", "en"),  # "me" is Spanish too
        ("nobody would miss me", "en"),
        ("Tell me about lesson 4", "en"),
        ("no chest pain, no dizziness", "en"),
        ("help me", "en"),
        ("J'ai mal au genou", "fr"),
        ("mal de tête terrible d'un seul coup", "fr"),
        ("je ne peux plus respirer", "fr"),
        ("me duele el pecho", "es"),
        ("no puedo respirar", "es"),
        ("¿qué toca hoy?", "es"),
    ],
)
def test_words_that_languages_share_tell_nothing(text: str, language: str) -> None:
    assert language_of(words(text)) == language
