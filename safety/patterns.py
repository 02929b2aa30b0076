"""The little language in which the tables are written, and the matcher that reads it.

A table is rule name -> block of patterns, one a line, over normalised words (see :mod:`safety.normalise`: lower case,
no accents, "can't" is "can not"):

    chest|breast        one of these words        {pain}       one of the words or phrases of that row of `WORDS`
    faint*              a word that starts so     ..  and ...  up to five, up to nine words between
    end_it|finish_it    phrases in place of words
    really?             may be missing            a & b        both within nine words, in either order
                                                  a && b       both in the same passage, in any place

A gap never crosses a full stop, a "but" or a negation, so "the chest press, not a tight one" is no chest tightness.
A pattern is tried only on passages that hold a word of each of its elements, and its gaps are bounded: the time stays
linear in the length of the text, whatever is written in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from safety.tables import read

# What a gap may not cross: negations and turns of thought, in the three languages.
BARRIERS = "not|no|never|nor|neither|without|but|pas|jamais|sans|mais|nunca|sin|pero"
_GAP = rf"(?:(?!(?:{BARRIERS}) )[^ .]+ ){{0,%d}}?"
_GAPS = {"..": _GAP % 5, "...": _GAP % 9}
# Words of every sentence: they anchor a pattern only when it has no rarer word.
_COMMON = frozenset(read("common").words["common"].replace(",", " ").split())
_PREFIX_LENGTHS = range(3, 11)
_COMMON_COST = 20
_NO_ANCHOR = 10_000


@dataclass(frozen=True)
class Hit:
    """Where a rule matched: its name and the span of the match in the passage."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True)
class _Pattern:
    rule: str
    expressions: tuple[str, ...]
    needs: tuple[frozenset[str], ...]  # of each of these the passage must hold a word, or the pattern cannot match

    @cached_property
    def parts(self) -> tuple[re.Pattern[str], ...]:
        """Compiled when a passage first calls for it: 1 to 2 ms, while all of them at import take most of a second."""
        return tuple(map(re.compile, self.expressions))


def keys(passage: str) -> frozenset[str]:
    """What a pattern may ask for: the words of `passage` and their beginnings, "faint*"."""
    held = set(passage.split())
    held.update([f"{word[:length]}*" for word in held for length in _PREFIX_LENGTHS if length <= len(word)])
    return frozenset(held)


@dataclass
class Table:
    """Compiled lexicon: `hits(passage)` finds which rules match a passage of normalised words.

    Args:
        rules: rule name -> block of patterns.
        words: concept name -> phrases, comma separated, for `{name}`.

    Raises:
        ValueError: a pattern uses a concept that has no row, or has no word to anchor it.
    """

    rules: Mapping[str, str]
    words: Mapping[str, str]
    _by_anchor: dict[str, list[_Pattern]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for rule, block in self.rules.items():
            for line in block.splitlines():
                source = line.split("#")[0].strip()
                if source:
                    self._add(rule, source)

    def hits(self, passage: str, held: frozenset[str] | None = None) -> Iterator[Hit]:
        """Yield each match in `passage`, a string of words with one space around each, sentences ended by " . ".

        `held` is `keys(passage)`, if the caller has it already (it is most of the work).
        """
        for pattern in self._candidates(keys(passage) if held is None else held):
            found = [part.search(passage) for part in pattern.parts]
            if len(found) == 1:
                for match in pattern.parts[0].finditer(passage):
                    yield Hit(pattern.rule, *match.span())
            elif all(found):
                # A conjunction is judged by its first part; the scope of the others is theirs to write.
                yield Hit(pattern.rule, *found[0].span())  # type: ignore[union-attr]  # all() has looked

    def masked(self, passage: str, held: frozenset[str] | None = None) -> str:
        """`passage` with every match replaced by a word that means nothing; `held` as for `hits`."""
        for pattern in self._candidates(keys(passage) if held is None else held):
            passage = pattern.parts[0].sub("_ ", passage)
        return passage

    def _candidates(self, held: frozenset[str]) -> list[_Pattern]:
        found = {id(pattern): pattern for key in held & self._by_anchor.keys() for pattern in self._by_anchor[key]}
        return [pattern for pattern in found.values() if not any(map(held.isdisjoint, pattern.needs))]

    def _add(self, rule: str, source: str) -> None:
        needs = sorted(self._needs(source), key=_cost_of_all)
        if not needs or _cost_of_all(needs[0]) >= _NO_ANCHOR:
            raise ValueError(f"pattern {source!r} has no word to anchor it")
        expressions = tuple(self._regex(part.strip()) for part in source.split("&&"))
        pattern = _Pattern(rule, expressions, tuple(need for need in needs[1:] if _cost_of_all(need) < _NO_ANCHOR))
        for word in needs[0]:
            self._by_anchor.setdefault(word, []).append(pattern)

    def _needs(self, source: str) -> list[frozenset[str]]:
        """For each element that may not be missing, the rarest word of each of its phrases."""
        elements = (element for element in source.replace("&", " ").split() if element not in _GAPS)
        return [
            frozenset(_key(phrase) for phrase in self._phrases(element))
            for element in elements
            if not element.endswith("?")
        ]

    def _phrases(self, element: str) -> list[str]:
        found: list[str] = []
        for name in element.split("|"):
            if not name.startswith("{"):
                found.append(name.replace("_", " "))
            elif name[1:-1] in self.words:
                found += [phrase.strip() for phrase in self.words[name[1:-1]].split(",")]
            else:
                raise ValueError(f"no row {name!r} in the word table")
        return found

    def _regex(self, part: str) -> str:
        if " & " in part:
            left, right = (self._sequence(side.strip()) for side in part.split(" & "))
            return rf"(?<= )(?:{left}{_GAPS['...']}{right}|{right}{_GAPS['...']}{left})"
        return rf"(?<= ){self._sequence(part)}"

    def _sequence(self, side: str) -> str:
        return "".join(self._element(element) for element in side.split())

    def _element(self, element: str) -> str:
        if element in _GAPS:
            return _GAPS[element]
        phrases = [_phrase(phrase) for phrase in self._phrases(element.rstrip("?"))]
        return f"(?:{'|'.join(phrases)}){'?' if element.endswith('?') else ''}"


@cache
def _key(phrase: str) -> str:
    """The word of `phrase` that is met least; a raw expression has none and stands for itself."""
    if phrase.startswith("~"):
        return phrase
    word = min(phrase.split(), key=_cost)
    return f"{word[:-1][: max(_PREFIX_LENGTHS)]}*" if word.endswith("*") else word


def _cost_of_all(words: frozenset[str]) -> int:
    return sum(map(_cost, words))


@cache
def _cost(word: str) -> int:
    """How often a word is met, roughly: the anchor of a pattern is the cheapest choice."""
    if not word[0].isalnum():
        return _NO_ANCHOR  # punctuation and raw expressions
    if word.endswith("*") and len(word) <= min(_PREFIX_LENGTHS):
        return _NO_ANCHOR
    return _COMMON_COST if word in _COMMON else 1


@cache
def _phrase(phrase: str) -> str:
    """A phrase as regular expression that eats the space after each word; `~` starts a raw expression."""
    if phrase.startswith("~"):
        return f"(?:{phrase[1:]}) "
    return "".join(
        re.escape(word[:-1]) + "[^ ]* " if word.endswith("*") else re.escape(word) + " " for word in phrase.split()
    )
