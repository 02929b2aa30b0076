"""The places of a programme, learnt from where its activities are, and recognised in what people say.

Nothing here knows a region. A venue is called by its whole name or by any part of it that is not a word for a kind of
building: "Elm Grove Community Centre" is Elm Grove, and where several venues carry a name, the name means them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.passage import Passage
from rag.text import fold
from rag.vocabulary import values_in

_WORD = re.compile(r"(?:[^\W_]\.){2,}|[^\W_]+")  # initials with full stops are one word
_BETWEEN_VENUES = re.compile(r"\s[/|&+]\s|[,;:()]|\s[-\u2013\u2014]\s|\b(?:or|ou)\b")
_KINDS_TEXT = """
a academy adult aging and annex area areas arena arts association at au auditorium aux barn beach bibliotheque
boardwalk boathouse branch building cafe campus cc center centers central centre centres centro church city clinic
club clubhouse clubs college common communautaire community complejo complex comunitario cottage council county court
courts de del des district dock du ecole el elementary en escuela et facility field fields fitness for gallery garden
gardens grange green ground grounds gym gymnasium hall halls health high hospital hotel house hub in indoor indoors
institute la las le leisure les library location locations lodge lookout los mall meeting membership middle multi
multipurpose museum neighborhood neighborhoods neighbourhood neighbourhoods of older on online option outdoor outdoors
parc park parking parks parque pavilion piscina piscine place plaza pool pools preserve primary program programme
programmes programs public purpose quarter rec recreation region reserve residence resort ring rink road room rooms
sala salle salon school schools secondary senior seniors separate service services shop shopping social society space
sport sports square stadium station store street studio studios the theatre to trail trailhead trails unit university
va various village virtual website wing y
"""
_KINDS = frozenset(_KINDS_TEXT.split())
# Names of villages are made of these, and so is small talk: none is a place by itself.
_LANDSCAPE_TEXT = """
bay bridge brook coast cove creek cross crossing east falls flat flats forest harbour harbor head heights hill hills
island lake lower mill mount mountain new north ocean old park point port pond ridge river rock sea shore south spring
springs stone upper valley view water west wharf white wood woods royal saint st
"""
_LANDSCAPE = frozenset(_LANDSCAPE_TEXT.split())
_DIRECTIONS = frozenset(("east", "west", "north", "south", "new", "old", "upper", "lower"))
_LEADING_TEXT = "a across around at by cerca chez de en from in near round sur to vers"
_LEADS_TO_A_PLACE = frozenset(_LEADING_TEXT.split())
_JOINING_TEXT = "a an and any are at do et for i in is it o of on or ou the y"
_JOINING = frozenset(_JOINING_TEXT.split())
# Several venues of one name.
_CHAINS_TEXT = "branches centers centres centros clubes clubs gyms pools schools sites studios"
_CHAINS = frozenset(_CHAINS_TEXT.split())
_LONGEST = 4  # words of a name that are compared at once
_SPELT_ALIKE = 5  # letters; shorter words have too many neighbours
_LONG = 8
_SHORTEST = 3  # letters of a word that stands for a longer one


@dataclass(frozen=True)
class PlaceMention:
    """Where a place is named (`start` and `end` in the text), and the values of `where` meant."""

    start: int
    end: int
    where: frozenset[str]


class Places:
    """Names to values of `where`. `ordinary` are words that are more than names: lower case in the texts."""

    def __init__(self, where: Iterable[str], ordinary: Iterable[str] = ()) -> None:
        self.where = tuple(sorted(set(where)))
        self.ordinary = frozenset(ordinary)
        self._names: dict[str, set[str]] = {}  # by the letters of the name without spaces: "elmgrove"
        self._by_first: dict[str, dict[str, tuple[str, ...]]] = {}  # first letter -> the same letters -> the words
        chains: list[tuple[str, str]] = []
        for value in self.where:
            for words, is_chain in _venues(value):
                chains += [("".join(words), value)] if is_chain else []
                for part in _parts(words):
                    name = "".join(part)
                    self._names.setdefault(name, set()).add(value)
                    self._by_first.setdefault(name[0], {})[name] = part
        for chain, value in chains:  # what all "Elm Grove Centres" offer is there at "Elm Grove West Centre" too
            for name, values in self._names.items():
                if chain in name:
                    values.add(value)

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> Places:
        """The places of these passages' activities."""
        values: set[str] = set()
        vocabulary: set[str] = set()
        for passage in passages:
            vocabulary |= {word for word in passage.text.split() if word.islower() and word.isalpha()}
            if passage.collection == "activities" and (where := passage.metadata.get("where")):
                values.add(str(where))
        places = cls(values)
        return cls(values, (word for word in vocabulary if places._like(fold(word))))

    def mentions(self, text: str) -> Iterator[PlaceMention]:
        """Every place named in the text, from left to right; names may be misspelt, shortened or in one word."""
        words = [(fold(match[0]).replace(".", ""), match) for match in _WORD.finditer(text)]
        at = 0
        while at < len(words):
            counts = range(min(_LONGEST, len(words) - at), 0, -1)
            runs = [[word for word, _ in words[at : at + count]] for count in counts]
            said = text[words[at][1].start()].isupper() and at > 0
            for named in (self._exactly, self._nearly):
                if found := next(((run, name) for run in runs if (name := named(run, capital=said))), None):
                    run, name = found
                    start, end = words[at][1].start(), words[at + len(run) - 1][1].end()
                    yield PlaceMention(start, end, frozenset(self._names[name]))
                    at += len(run)
                    break
            else:
                at += 1

    def end_of_name(self, text: str, mention: PlaceMention) -> int:
        """Where the name ends when it goes on as in the data: the "pool" of Elm Pool. `text` is folded."""
        end = mention.end
        for match in _WORD.finditer(text, mention.end):
            carried = any(match[0] in fold(value).split() for value in mention.where)
            if match[0] not in _KINDS or match[0] in _JOINING | _LEADS_TO_A_PLACE or not carried:
                break
            end = match.end()
        return end

    def _exactly(self, words: Sequence[str], *, capital: bool) -> str | None:
        if not _may_be_name(words) or (len(words) == 1 and words[0] in self.ordinary and not capital):
            return None
        joined = "".join(word for word in words if word not in _LEADS_TO_A_PLACE)  # the Elm Grove one in Westby
        return joined if joined in self._names else None

    def _nearly(self, words: Sequence[str], *, capital: bool) -> str | None:
        if not _may_be_name(words) or (len(words) == 1 and (words[0] in self.ordinary or words[0] in _KINDS)):
            return None
        if len(words) > 1:
            for name, parts in self._by_first.get(words[0][0], {}).items():
                if len(parts) == len(words) and all(map(_shortened, words, parts)):
                    return name
        return self._like("".join(words))

    def _like(self, joined: str) -> str | None:
        """The name that is the word but for one slip of the pen, two in a long one; the first letter is right."""
        if joined in self._names:
            return joined
        if len(joined) < _SPELT_ALIKE:
            return None
        for name in self._by_first.get(joined[0], ()):
            slips = 2 if min(len(joined), len(name)) >= _LONG else 1
            if len(name) >= _SPELT_ALIKE and abs(len(name) - len(joined)) <= slips and _slips(joined, name, slips):
                return name
        return None


def _may_be_name(words: Sequence[str]) -> bool:
    ends = {words[0], words[-1]}
    return not ends & _LEADS_TO_A_PLACE and not ends & _JOINING


def _shortened(word: str, name: str) -> bool:
    return word == name or (len(word) >= _SHORTEST and name.startswith(word))


def meant(text: str, found: Sequence[PlaceMention]) -> frozenset[str]:
    """Which values of `where` are asked for: two names with `or` or a comma mean both; "X in Y", what carries both."""
    values = found[0].where
    for one, two in pairwise(found):
        both = values & two.where
        values = both if both and not _OR.search(text[one.end : two.start]) else values | two.where
    return values


_OR = re.compile(r"\b(?:or|and|ou|et|o|y)\b|[,/&]")


def _venues(where: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The words of each venue named in the value, without those that any may have; whether they are several venues."""
    names = any(character.isupper() for character in where)
    for part in _BETWEEN_VENUES.split(where):
        words = [match[0] for match in _WORD.finditer(part)]
        if names:  # "(swimming)" beside "Elm Grove Pool" is no name
            words = [word for word in words if word[0].isupper() or word[0].isdigit()]
        plain = [fold(word).replace(".", "") for word in words]
        own = tuple(word for word in plain if word not in _KINDS)
        if own:
            yield own, not _CHAINS.isdisjoint(plain)
        elif len(plain) > 1:
            yield tuple(plain), False


def _parts(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + _LONGEST) + 1):
            part = words[start:end]
            if len(part) > 1 or _stands_alone(part[0], words[end : end + 1]):
                yield part


def _stands_alone(word: str, following: tuple[str, ...]) -> bool:
    """Whether one word can be the name: no Elm in Elm Hill, and nothing that is done there ("Elm Bowling Green")."""
    return (
        len(word) >= _SHORTEST
        and word not in _LANDSCAPE | _KINDS
        and not (_LANDSCAPE - _DIRECTIONS) & set(following)
        and not values_in("activity_type", word)
    )


def _slips(one: str, two: str, most: int) -> bool:
    """Whether at most so many letters are added, left out, changed or swapped with a neighbour."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, other in enumerate(two, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return False
    return row[-1] <= most
