"""Words that mean the same in this field, from `synonyms.txt`: what people say, and what programmes call it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rag import lexical

FILE = Path(__file__).with_name("synonyms.txt")


def related(text: str) -> dict[str, float]:
    """Stems to search for beside those of the text, each as heavy as a word of the text itself: 1."""
    said, table = [lexical.stem(word) for word in lexical.tokens(text)], _table()
    longest = max(map(len, table))
    found: dict[str, float] = {}
    for length in range(1, longest + 1):
        for start in range(len(said) - length + 1):
            found |= dict.fromkeys(table.get(tuple(said[start : start + length]), ()), 1.0)
    return found


def wordings() -> set[str]:
    """Every word of the list."""
    return set(lexical.tokens(FILE.read_text(encoding="utf-8")))


@cache
def _table() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """Stems of the words they add, by the stems of each wording."""
    table: dict[tuple[str, ...], tuple[str, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        left, _, right = line.partition(">")
        added = tuple(dict.fromkeys(lexical.words(right or left)))
        for wording in left.split(","):
            said = tuple(lexical.stem(word) for word in lexical.tokens(wording))
            table[said] = tuple(dict.fromkeys(table.get(said, ()) + added))
    return table
