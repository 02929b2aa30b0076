"""What a written message may be, and what is refused."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

from marshmallow import ValidationError, fields

from store.texts import clean

# Shorter texts may well be one letter: "no", "...", "aaah", "hmmmmmmmmm".
REPETITION_FROM = 20  # characters, white space not counted
REPETITION_SHARE = 0.8

_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cn"})


class Said(fields.String):
    """What a person wrote: clean, with something to read in it, and not one character over and over."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = clean(super()._deserialize(value, attr, data, **kwargs))
        if text != text.encode(errors="replace").decode():
            raise ValidationError("The message holds half a character (an unpaired surrogate).")
        if all(unicodedata.category(character) in _UNSEEN for character in text):
            raise ValidationError("The message is empty.")
        if _is_one_character(text):
            raise ValidationError("The message is one character over and over. Please write it in words.")
        return text


def _is_one_character(text: str) -> bool:
    """More than 80 % are the same; width and case make no difference."""
    letters = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    if len(letters) < REPETITION_FROM:
        return False
    [(_, most)] = Counter(letters).most_common(1)
    return most > REPETITION_SHARE * len(letters)
