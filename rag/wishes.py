"""Reads what a person wants out of their words: days, places, cost, kinds of activity, minutes and the like.

Words and patterns are in `rag.vocabulary`, `rag.days` and `rag.amounts`; place names come from the data (`rag.places`).
What is read first takes its words away from what comes later: "no jumping" is about impact, not about jumping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from rag import amounts, days
from rag.conditions import Condition, Wish
from rag.days import DAYS
from rag.phrases import CHEAP, FREE, GIVEN_UP, IDLE, JOINED, MORE_OF, NOT, OR, SHORT
from rag.places import PlaceMention, Places, meant
from rag.text import fold
from rag.vocabulary import FACTS, SAID

_FIELDS = (  # in the order in which they are read
    "booking", "equipment", "impact", "attendance", "position", "need", "level", "time", "media", "activity_type",
    "intensity",
)  # fmt: skip
_KINDS = {"activity_type": "type"}  # where the kind of a wish is not named as the field
_ALSO = {"seated": ("seated", "either"), "standing": ("standing", "either")}  # what serves as well
_OPPOSITES = {
    ("online",): ("in-person",),
    ("in-person",): ("online",),
    _ALSO["standing"]: _ALSO["seated"],
    _ALSO["seated"]: _ALSO["standing"],
}

_CHEAP_VISIT = 10.0  # in the currency of the listings: what a drop-in costs
_SHORT_MINUTES = 10.0
_LONGER_MINUTES = 20.0


@dataclass
class Reading:
    """The wishes in one message, where each stands in it, and the kinds that are said not to matter (any more)."""

    wishes: dict[tuple[str, bool], Wish] = field(default_factory=dict)  # by kind, and whether negated
    spans: dict[tuple[str, bool], list[tuple[int, int]]] = field(default_factory=dict)
    given_up: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    compared: bool = False

    def add(
        self, kind: str, conditions: list[Condition], spans: list[tuple[int, int]], *, negated: bool = False
    ) -> None:
        """Note a wish. A second one of its kind makes it narrower."""
        key = (kind, negated)
        before = self.wishes[key].conditions if key in self.wishes else ()
        self.wishes[key] = Wish(kind, (*before, *conditions), negated)
        self.spans.setdefault(key, []).extend(spans)


@dataclass(frozen=True)
class _Named:
    start: int
    end: int
    values: tuple[str, ...]


_Spot = TypeVar("_Spot", _Named, PlaceMention)


def read(text: str, places: Places, before: Mapping[tuple[str, bool], Wish]) -> Reading:
    """Read one message. `before` is what was wished so far, for comparisons such as "cheaper"."""
    reader = _Reader(text, places, before)
    reader.read()
    return reader.reading


class _Reader:
    def __init__(self, text: str, places: Places, before: Mapping[tuple[str, bool], Wish]) -> None:
        self.reading = Reading()
        self._text = text
        self._folded = fold(text)
        self._left = self._folded  # what no wish has taken yet, the rest blank
        self._places = places
        self._before = before

    def read(self) -> None:
        for match in IDLE.finditer(self._folded):
            self._blank(*match.span())
        for kind, pattern in GIVEN_UP.items():
            for match in self._take(pattern):
                self.reading.given_up.setdefault(kind, []).append(match.span())
        self._comparisons()
        self._minutes()
        self._cost()
        self._days()
        self._place()
        for name in _FIELDS:
            self._named(name)

    def _take(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for match in pattern.finditer(self._left):
            self._blank(*match.span())
            yield match

    def _blank(self, start: int, end: int) -> None:
        self._left = self._left[:start] + " " * (end - start) + self._left[end:]

    def _comparisons(self) -> None:
        for comparison, pattern in MORE_OF.items():
            for match in self._take(pattern):
                kind, condition = self._compared(comparison)
                self.reading.compared = True
                self.reading.add(kind, [condition], [match.span()])

    def _compared(self, comparison: str) -> tuple[str, Condition]:
        if comparison == "cheaper":
            limit = self._limit("cost")
            if ("cost", False) in self._before and limit is None:
                return "cost", self._before["cost", False].conditions[0]  # free is as cheap as it gets
            return "cost", _visit_cost(_CHEAP_VISIT) if limit is None else Condition("cost_value", at_most=limit / 2)
        if comparison in ("shorter", "longer"):
            limit = self._limit("minutes")
            if comparison == "shorter":
                return "minutes", Condition("minutes", at_most=_SHORT_MINUTES if limit is None else limit - 1)
            return "minutes", Condition("minutes", at_least=_LONGER_MINUTES if limit is None else limit + 1)
        levels = ("light",) if comparison == "easier" else ("moderate", "vigorous")
        return "intensity", Condition("intensity", any_of=levels)

    def _limit(self, kind: str) -> float | None:
        """What was asked for before, as one number: the middle if it had two bounds."""
        if (kind, False) not in self._before:
            return None
        condition = self._before[kind, False].conditions[0]
        bounds = [bound for bound in (condition.at_least, condition.at_most) if bound is not None]
        return sum(bounds) / len(bounds) if bounds else None

    def _minutes(self) -> None:
        for amount in amounts.minutes(self._left):
            self._blank(amount.start, amount.end)
            bounds = Condition("minutes", at_least=amount.at_least, at_most=amount.at_most)
            self.reading.add("minutes", [bounds], [(amount.start, amount.end)])
        if ("minutes", False) not in self.reading.wishes:
            for match in self._take(SHORT):
                self.reading.add("minutes", [Condition("minutes", at_most=_SHORT_MINUTES)], [match.span()])

    def _cost(self) -> None:
        for amount in amounts.money(self._left):
            self._blank(amount.start, amount.end)
            name = "visit_cost" if amount.visit else "cost_value"
            bounds = Condition(name, at_least=amount.at_least, at_most=amount.at_most)
            self.reading.add("cost", [bounds], [(amount.start, amount.end)])
        for match in self._take(FREE):
            self.reading.add("cost", [Condition("cost_kind", any_of=("free",))], [match.span()])
        for match in self._take(CHEAP):
            self.reading.add("cost", [_visit_cost(_CHEAP_VISIT)], [match.span()])

    def _days(self) -> None:
        found = []
        for mention in days.mentions(self._left):
            if not days.is_doubtful(self._folded, mention) and len(mention.days) < len(DAYS):
                self._blank(mention.start, mention.end)
                found.append(mention)
        named = [_Named(mention.start, mention.end, mention.days) for mention in found if not mention.stretch]
        for mention in found:
            if mention.stretch:
                stretch = _Named(mention.start, mention.end, mention.days)
                if NOT.search(self._folded[: mention.start]):
                    named.append(stretch)
                else:  # what is on from Monday to Friday is on every one of these days
                    each = [Condition("days", any_of=(day,)) for day in mention.days]
                    self.reading.add("day", each, [(mention.start, mention.end)])
        self._sort(sorted(named, key=lambda one: one.start), "days", "day")

    def _place(self) -> None:
        found = list(self._places.mentions(self._text))
        found = [mention for mention in found if self._left[mention.start : mention.end].strip()]
        for negated, group in self._by_negation(found):
            spans = [(mention.start, mention.end) for mention in group]
            if negated:
                where = frozenset().union(*(mention.where for mention in group))
                condition = Condition("where", none_of=tuple(sorted(where)))
            else:
                condition = Condition("where", any_of=tuple(sorted(meant(self._folded, group))))
            self.reading.add("place", [condition], spans, negated=negated)
        for mention in found:
            self._blank(mention.start, self._places.end_of_name(self._folded, mention))

    def _named(self, name: str) -> None:
        """A field whose values are words."""
        found: list[_Named] = []
        for table in (SAID, FACTS):
            here: list[_Named] = []
            for value, pattern in table.get(name, {}).items():
                if value == "chair":  # it has a wish of its own, the position
                    continue
                here += [_Named(*match.span(), _ALSO.get(value, (value,))) for match in pattern.finditer(self._left)]
            # The longest words win, and of two readings the one further down its table, which is the narrower one.
            for named in sorted(reversed(here), key=lambda named: named.start - named.end):
                if self._left[named.start : named.end].strip() == self._folded[named.start : named.end].strip():
                    self._blank(named.start, named.end)
                    found.append(named)
        self._sort(sorted(found, key=lambda named: named.start), name, _KINDS.get(name, name))

    def _sort(self, found: list[_Named], name: str, kind: str) -> None:
        for negated, group in self._by_negation(found):
            values = tuple(dict.fromkeys(value for named in group for value in named.values))
            spans = [(named.start, named.end) for named in group]
            if not negated:
                self.reading.add(kind, self._alternatives(group, name), spans)
            elif name == "days":  # a class on Mondays or Fridays is still there on Fridays
                others = tuple(day for day in DAYS if day not in values)
                self.reading.add(kind, [Condition(name, any_of=others)], spans, negated=True)
            elif values in _OPPOSITES:
                self.reading.add(kind, [Condition(name, any_of=_OPPOSITES[values])], spans, negated=True)
            else:
                self.reading.add(kind, [Condition(name, none_of=values)], spans, negated=True)

    def _alternatives(self, group: list[_Named], name: str) -> list[Condition]:
        """Things joined by `or` or a comma are one condition, others one each: "yoga or pilates", "chair yoga"."""
        choices = [list(group[0].values)]
        for one, two in pairwise(group):
            between = self._folded[one.end : two.start]
            if OR.match(between) and between.strip():
                choices[-1].extend(two.values)
            else:
                choices.append(list(two.values))
        return [
            Condition(name, any_of=values) for values in dict.fromkeys(tuple(dict.fromkeys(one)) for one in choices)
        ]

    def _by_negation(self, found: list[_Spot]) -> list[tuple[bool, list[_Spot]]]:
        """Those that are wanted and those that are not. What is joined to a thing not wanted is not wanted either."""
        groups: dict[bool, list[_Spot]] = {}
        negated, end = False, None
        for named in found:
            joined = end is not None and negated and JOINED.match(self._folded[end : named.start])
            negated = bool(joined or NOT.search(self._folded[: named.start]))
            groups.setdefault(negated, []).append(named)
            end = named.end
        return list(groups.items())


def _visit_cost(most: float) -> Condition:
    return Condition("visit_cost", at_most=most)
