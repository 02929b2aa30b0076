"""What a person wrote or said, as the search can use it: English, without fillers, spelled as the programme spells."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from rag import lexical, sayings, synonyms
from rag.passage import Passage
from rag.text import fold
from safety.language import language_of

GLOSSARY = Path(__file__).with_name("glossary.txt")
_LONGEST_PHRASE = 3  # words, on the glossary's left
_WORD = re.compile(r"[^\W\d_]+")
_TRANSLATED = re.compile(r"[^\W_]+")
_FILLER = re.compile(r"\b(?:u+m+|u+h+|e+r+m*|h+m+|you know|i mean)\b[,.]?\s*", re.IGNORECASE)
# Most words that a programme lacks are spelled well. One that is a slip or two away from a word of the programme most
# likely is not, if it has as many letters as this; shorter ones are near to too many others.
_ONE_SLIP, _TWO_SLIPS = 6, 9
_MOST_SLIPS = 2
_ALIKE = 0.82  # difflib's ratio; nine letters with two slips
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def understood(text: str, vocabulary: Collection[str]) -> str:
    """The text for embedding and word search. `vocabulary` are the words of the programme (see `vocabulary`)."""
    text = _FILLER.sub("", text)
    words = _TRANSLATED.findall(fold(text))
    foreign = [word for word in words if word in _glossary() and not _is_english(word, vocabulary)]
    # `language_of` knows sentences by their small words; "yoga doux" has none.
    if foreign and (language_of(words) != "en" or 2 * len(foreign) >= len(words)):
        return " ".join(_translated(words))
    return _WORD.sub(lambda match: _spelled(match[0], vocabulary), text) if vocabulary else text


def vocabulary(passages: Iterable[Passage]) -> frozenset[str]:
    """All words of the passages, in lower case."""
    return frozenset(word for passage in passages for word in _WORD.findall(passage.embedded_text.lower()))


def _translated(words: list[str]) -> Iterable[str]:
    """Word by word; the longest entry that fits wins, and a word that no entry has stays (a name, most likely)."""
    glossary, at = _glossary(), 0
    while at < len(words):
        for length in range(_LONGEST_PHRASE, 0, -1):
            phrase = " ".join(words[at : at + length])
            if phrase in glossary:
                yield from glossary[phrase].split()
                break
        else:
            length = 1
            yield words[at]
        at += length


@cache
def _glossary() -> dict[str, str]:
    entries: dict[str, str] = {}
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        english, _, others = line.partition(":")
        if not line.startswith("#"):
            entries |= {" ".join(_WORD.findall(fold(other))): english.strip() for other in others.split(",")}
    return entries


def _spelled(word: str, vocabulary: Collection[str]) -> str:
    lower = word.lower()
    if len(word) < _ONE_SLIP or _is_english(lower, vocabulary):
        return word
    near = sorted(other for other in _one_slip_away(lower) if other in vocabulary)
    if near:
        same = any(lexical.stem(other) == lexical.stem(lower) for other in near)  # walk for walks is no slip
        return word if same else near[0]
    if len(word) < _TWO_SLIPS:
        return word
    likely = [known for known in vocabulary if known[0] == lower[0] and abs(len(known) - len(lower)) <= _MOST_SLIPS]
    return next(iter(difflib.get_close_matches(lower, likely, n=1, cutoff=_ALIKE)), word)


def _is_english(word: str, vocabulary: Collection[str]) -> bool:
    return word in vocabulary or word in lexical.STOP_WORDS or lexical.stem(word) in _common_stems()


def _one_slip_away(word: str) -> set[str]:
    """A letter too few, too many, wrong, or two the wrong way round."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {left + right[1:] for left, right in cuts if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    found |= {left + letter + right[1:] for left, right in cuts if right for letter in _LETTERS}
    return found | {left + letter + right for left, right in cuts for letter in _LETTERS}


@cache
def _common_stems() -> frozenset[str]:
    words = synonyms.wordings() | {word for saying in sayings.common() for word in lexical.tokens(saying.text)}
    return frozenset(lexical.stem(word) for word in words)
