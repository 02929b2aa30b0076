"""What the learned scorer sees of a text: which words stand beside which meanings.

A meaning is a row of `safety/tables/injection_concepts.txt`. "Set your briefing aside" and "bin the directives" share
no word, but both are {drop} close to {rules}; such pairs are what carries over to wordings never seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from safety.normalise import words
from safety.tables import read

_WINDOW_WORDS = 40
_NEAR = 5  # words between two meanings that belong together
_PREFIX = 3

_ROWS = {name: [phrase.strip() for phrase in row.split(",")] for name, row in read("injection_concepts").words.items()}
_MISSPELT = _ROWS.pop("misspelt")
_ROWS.pop("disguised")  # safety.disguise reads it
_PHRASES: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
_BEGINNINGS: dict[str, list[tuple[str, str]]] = defaultdict(list)
for _name, _row in _ROWS.items():
    for _phrase in _row:
        if _phrase.endswith("*"):
            _BEGINNINGS[_phrase[:_PREFIX]].append((_phrase[:-1], _name))
        else:
            _PHRASES[_phrase.split()[0]].append((_phrase.split(), _name))


def _with_one_letter_less(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1 :] for index in range(len(word)))


_MEANT = {short: word for word in _MISSPELT for short in _with_one_letter_less(word)} | {
    word: word for word in _MISSPELT
}
_SHORTEST_MISSPELT = min(map(len, _MISSPELT)) - 1


def windows(text: str) -> list[list[str]]:
    """The pieces of `text` to be scored one by one, as normalised words: sentences, neighbours, all of a short text.

    One hostile line in a long letter is as hostile as it is alone.
    """
    sentences = [sentence for line in text.splitlines() for sentence in _sentences(line)]
    pieces = [*sentences, *([*one, ".", *other] for one, other in pairwise(sentences))]
    if len(sentences) > 2 and sum(map(len, sentences)) <= _WINDOW_WORDS:  # noqa: PLR2004 (two are a pair already)
        pieces.append([word for sentence in sentences for word in (*sentence, ".")])
    return pieces


def features(found: list[str], marks: Iterable[str] = ()) -> set[str]:
    """The names of what `found` (one window) shows; `marks` are names of marks seen in the text."""
    shown = {f"mark:{mark}" for mark in marks}
    meanings = _meanings(found)
    before: list[tuple[int, str]] = []  # where which meanings stood in this sentence
    last = ""  # the word right before, "" at the start and after a pause
    opens = True
    for index, word in enumerate(found):
        if word in ".,":
            last, opens = "", True
            if word == ".":
                before = []
            continue
        here = meanings[index]
        shown.add(word)
        shown.update(f"{{{meaning}}}" for meaning in here)
        shown.update(f"{{{other}}} .. {{{meaning}}}" for at, other in before if index - at <= _NEAR for meaning in here)
        if last:
            shown.add(f"{last} {word}")
            shown.update(f"{last} {{{meaning}}}" for meaning in here)
            shown.update(f"{{{meaning}}} {word}" for meaning in meanings[index - 1])
        if opens:
            shown.add(f"^ {word}")
            shown.update(f"^ {{{meaning}}}" for meaning in here)
        before += [(index, meaning) for meaning in here]
        last, opens = word, False
    return shown


def _sentences(line: str) -> Iterator[list[str]]:
    current: list[str] = []
    for word in [*words(line), "."]:
        if word != ".":
            current.append(_mended(word))
        if current and (word == "." or len(current) >= _WINDOW_WORDS):
            yield current
            current = []


def _mended(word: str) -> str:
    if len(word) < _SHORTEST_MISSPELT:
        return word
    meant = _MEANT.get(word)
    return meant or next((_MEANT[short] for short in _with_one_letter_less(word) if short in _MEANT), word)


def _meanings(found: list[str]) -> list[set[str]]:
    meanings: list[set[str]] = []
    for index, word in enumerate(found):
        here = {name for phrase, name in _PHRASES.get(word, ()) if found[index : index + len(phrase)] == phrase}
        here.update(name for beginning, name in _BEGINNINGS.get(word[:_PREFIX], ()) if word.startswith(beginning))
        meanings.append(here)
    return meanings
