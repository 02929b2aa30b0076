"""What a person wants, as conditions on the metadata of passages, and in which order they are given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Which collections a kind of wish is about, the one to give up first at the top: when too little is left, a passage at
# another hour helps more than one of another sort. See docs/retrieval.md.
KINDS: dict[str, tuple[str, ...]] = {
    "time": ("activities",),
    "level": ("activities", "resources"),
    "intensity": ("activities", "resources"),
    "impact": ("activities", "resources"),
    "equipment": ("resources",),
    "media": ("resources",),
    "booking": ("activities",),
    "minutes": ("resources",),
    "cost": ("activities",),
    "day": ("activities",),
    "place": ("activities",),
    "attendance": ("activities",),
    "position": ("activities", "resources"),
    "need": ("activities", "resources"),
    "type": ("activities", "resources"),
}


@dataclass(frozen=True)
class Condition:
    """What one field of the metadata must say. A passage without the field meets only `none_of`."""

    field: str
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def admits(self, number: float) -> bool:
        """Whether the number lies within the bounds."""
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True)
class Wish:
    """One thing that was asked for. All its conditions must hold. A wish that something be not so is never given up."""

    kind: str
    conditions: tuple[Condition, ...]
    negated: bool = False

    def weaker(self) -> Wish | None:
        """One of the conditions instead of all ("yoga and pilates"), if that is weaker."""
        first = self.conditions[0]
        if len(self.conditions) == 1 or not all(one.any_of and one.field == first.field for one in self.conditions):
            return None
        values = dict.fromkeys(value for one in self.conditions for value in one.any_of)
        return Wish(self.kind, (Condition(first.field, any_of=tuple(values)),))

    def is_about(self, collections: Sequence[str]) -> bool:
        """Whether passages of one of these collections can meet it."""
        return not set(collections).isdisjoint(KINDS[self.kind])


def relaxing(wishes: Sequence[Wish]) -> Iterator[tuple[Wish, ...]]:
    """All the wishes, then fewer: first one thing out of several of a kind is enough, then kinds go as in `KINDS`."""
    left = list(wishes)
    yield tuple(left)
    order = list(KINDS)
    mild_first = sorted((wish for wish in wishes if not wish.negated), key=lambda wish: order.index(wish.kind))
    for wish in mild_first:
        if weaker := wish.weaker():
            left[left.index(wish)] = weaker
            yield tuple(left)
    for wish in mild_first:
        left = [other for other in left if other.kind != wish.kind or other.negated]
        yield tuple(left)
