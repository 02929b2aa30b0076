"""Which passages may be found for a plan: decided from what all metadata says, kept in memory.

The answer goes into the query as a filter by id, which costs the embedded Qdrant a small part of what conditions on the
payload cost it (it reads every payload for them), and a server nothing. It also tells before any search how many
passages meet the wishes, and which wish is not met by one that is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rag.conditions import Condition, Wish, relaxing
from rag.passage import Passage
from rag.plan import Plan

ENOUGH = 3  # passages; with fewer, a wish is given up


class Catalogue:
    """The metadata of one version of the index, by what it says."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._saying: defaultdict[tuple[str, object], set[str]] = defaultdict(set)
        self._numbers: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._collections: defaultdict[str, set[str]] = defaultdict(set)
        for passage in passages:
            self._collections[passage.collection].add(passage.id)
            for name, value in passage.metadata.items():
                for one in value if isinstance(value, tuple) else (value,):
                    self._saying[name, one].add(passage.id)
                    if isinstance(one, int | float):
                        self._numbers[name][passage.id] = one
        self.ids = frozenset().union(*self._collections.values())

    def levels(self, plan: Plan) -> Iterator[frozenset[str]]:
        """The passages that meet all wishes; while they are too few, those that meet fewer, each passage once."""
        allowed = set().union(*(self._collections.get(name, ()) for name in plan.collections))
        if not plan.science:
            allowed -= self._saying.get(("science", "true"), set())
        seen: set[str] = set()
        for wishes in relaxing([wish for wish in plan.wishes if wish.is_about(plan.collections)]):
            new = allowed.intersection(*map(self._meeting, wishes)) - seen
            if new:
                yield frozenset(new)
            seen |= new
            if len(seen) >= min(ENOUGH, plan.limit):
                return

    def unmet(self, passage_id: str, plan: Plan) -> tuple[str, ...]:
        """The kinds of the plan's wishes that the passage does not meet."""
        return tuple(dict.fromkeys(wish.kind for wish in plan.wishes if passage_id not in self._meeting(wish)))

    def _meeting(self, wish: Wish) -> set[str]:
        """Those that meet the wish, and all that it is not about."""
        others = (ids for name, ids in self._collections.items() if not wish.is_about([name]))
        return set(self.ids).intersection(*map(self._holding, wish.conditions)).union(*others)

    def _holding(self, condition: Condition) -> set[str]:
        if condition.none_of:
            return set(self.ids).difference(
                *(self._saying.get((condition.field, one), ()) for one in condition.none_of)
            )
        if condition.any_of:
            return set().union(*(self._saying.get((condition.field, one), ()) for one in condition.any_of))
        numbers = self._numbers.get(condition.field, {})
        return {passage_id for passage_id, number in numbers.items() if condition.admits(number)}
