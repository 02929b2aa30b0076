"""Mends misspellings of the words that matter, and only of those: a slip of the finger must not hide an emergency.

A word is mended when it is one slip away (a letter missing, doubled or swapped; in long words also a wrong one) from
a key word of `tables/spelling.txt`, begins with the same letter and is no word of its own. Worse ones are listed there.
"""

from __future__ import annotations

from safety.tables import read

_SHORTEST = 4  # below this too many words are one slip from another
_SHORTEST_MISSING = 5  # a letter too many or too few
_SHORTEST_WRONG = 7  # a wrong letter

_ROWS = {name: phrases.replace(",", " ").split() for name, phrases in read("spelling").words.items()}
_KEYS = frozenset(_ROWS["key"])
_REAL = frozenset(_ROWS["real"])
_TYPOS = {
    typo: name.removeprefix("typo ") for name, typos in _ROWS.items() if name.startswith("typo ") for typo in typos
}


def mend(word: str) -> str:
    """The key word that `word` is a misspelling of (a listed one may be two words), or `word` itself."""
    if word in _TYPOS:
        return _TYPOS[word]
    if len(word) < _SHORTEST or word in _KEYS or word in _REAL:
        return word
    missing = _WITHOUT_ONE.get(word)
    if missing and len(missing) >= _SHORTEST_MISSING and missing[0] == word[0]:
        return missing
    for shorter in _without_one(word):
        if len(word) > _SHORTEST_MISSING and shorter in _KEYS and shorter[0] == word[0]:
            return shorter
        other = _WITHOUT_ONE.get(shorter)
        if other and len(other) == len(word) and other[0] == word[0] and _close(word, other):
            return other
    return word


def _close(word: str, other: str) -> bool:
    return len(word) >= _SHORTEST_WRONG or sorted(word) == sorted(other)


def _without_one(word: str) -> list[str]:
    return [word[:index] + word[index + 1 :] for index in range(len(word))]


_WITHOUT_ONE = {shorter: key for key in sorted(_KEYS) if len(key) >= _SHORTEST for shorter in _without_one(key)}
