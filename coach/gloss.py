"""French and Spanish in English, word by word: enough to compare meanings, not to be read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from safety.normalise import words

_FILE = Path(__file__).with_name("gloss.txt")
_ENGLISH_TOO = "-"


def in_english(text: str) -> str:
    """The words of a French or Spanish text as far as they are listed; any other text as it is."""
    found, (meanings, telling) = words(text), _table()
    if telling.isdisjoint(found):
        return text
    return " ".join(meanings.get(word, word) for word in found)


@cache
def _table() -> tuple[dict[str, str], frozenset[str]]:
    """What each word means, and those that by themselves show that a text is not English."""
    rows = dict[str, list[str]]()
    name = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        head, colon, tail = line.partition(":")
        name = head if colon else name
        rows.setdefault(name, []).extend((tail if colon else line).replace(",", " ").split())
    meanings = {word: english for english, listed in rows.items() if english != _ENGLISH_TOO for word in listed}
    return meanings, frozenset(meanings) - set(rows[_ENGLISH_TOO])
