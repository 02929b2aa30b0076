"""What a written message may be: what is taken out of it, and what is refused."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from marshmallow import ValidationError, fields

# Shorter texts may well be one letter: "no", "...", "aaah", "hmmmmmmmmm".
REPETITION_FROM = 20  # characters, white space not counted
REPETITION_SHARE = 0.8

# What nobody sees and nobody types: control characters, marks that turn the direction of reading (CVE-2021-42574),
# tags that spell out a second, hidden text, and invisible ones between letters. Line ends and tabs stay, and so do the
# joiners (U+200C, U+200D) and direction marks (U+200E, U+200F, U+061C) that scripts and emoji need.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_END = re.compile("\r\n?")
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cn"})


def clean(text: str) -> str:
    """The text without invisible characters and with one kind of line end; its Unicode form is left as it was sent."""
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text))


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
