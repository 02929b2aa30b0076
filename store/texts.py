"""What is taken out of what a person wrote or was heard to say."""

from __future__ import annotations

import re

# What nobody sees and nobody types: control characters, marks that turn the direction of reading (CVE-2021-42574),
# tags that spell out a second, hidden text, and invisible ones between letters. Line ends and tabs stay, and so do the
# joiners (U+200C, U+200D) and direction marks (U+200E, U+200F, U+061C) that scripts and emoji need.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_END = re.compile("\r\n?")


def clean(text: str) -> str:
    """The text without invisible characters and with one kind of line end; its Unicode form is left as it was sent."""
    return _INVISIBLE.sub("", _LINE_END.sub("\n", text))
