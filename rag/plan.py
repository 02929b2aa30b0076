"""What to look for beside the words of the query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.passage import COLLECTIONS


@dataclass(frozen=True)
class Plan:
    """Where to search, how many passages to return at most, and what their metadata must say.

    A passage without a field that is filtered on does not match: name the collection that has it.
    """

    collections: tuple[str, ...] = COLLECTIONS
    limit: int = 5
    equals: Mapping[str, str | int] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)
