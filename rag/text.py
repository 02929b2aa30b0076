"""What the readers of all formats do to text: odd characters out, wrapped lines joined, names made for ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# Zero-width space and joiner, byte-order mark, soft hyphen: left behind by slide editors, they split words unseen.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
_LIST_ITEM = re.compile(r"\s*([-*+\u2022]|\d+[.)])\s")


def line_of(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(_INVISIBLE.sub("", text).split())


def paragraphs(lines: Iterable[str]) -> str:
    """One line per paragraph and per list item: a quotation should not break where the file happened to wrap."""
    found = [""]
    for raw in lines:
        line = line_of(raw)
        if not line:
            found.append("")
        elif _LIST_ITEM.match(raw) or not found[-1]:
            found.append(line)
        else:
            found[-1] += f" {line}"
    return "\n".join(paragraph for paragraph in found if paragraph)


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens; accents dropped."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def fold(text: str) -> str:
    """Lower case, accents dropped, plain apostrophes: for comparing words. Every character keeps its place."""
    return "".join(_folded(character) for character in text)


@lru_cache(1024)
def _folded(character: str) -> str:
    if character in "\u2018\u2019\u02bc":
        return "'"
    plain = unicodedata.normalize("NFKD", character)[0].lower()
    return plain if len(plain) == 1 else character
