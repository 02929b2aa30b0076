"""What to look for: the words, where, and what the passages' metadata must say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.conditions import Wish
from rag.conversation import asked
from rag.passage import COLLECTIONS
from rag.places import Places
from rag.text import fold

# Asking for facts: what has been found out, whether something works, why, how long and how much.
_SCIENCE = re.compile(
    r"\b(?:research\w*|evidence|stud(?:y|ies)|scien\w+|trials?|tested|numbers?|statistic\w*|per ?cent|percentage"
    r"|theor(?:y|ies)|m-?pac|who (?:came up|invented|discovered|developed|thought|found out)"
    r"|proof|proven|prove|findings?|did they find|experiments?|why|how (?:come|long|many|much|often)|does|worth"
    r"|is (?:it|that) (?:true|so)"
    r"|chercheu\w+|recherches?|etudes?|preuves?|pourquoi|combien|est-ce vrai"
    r"|estudios?|investigaci\w+|pruebas?|por que|cuant[oa]s?|es verdad)\b"
)


@dataclass(frozen=True)
class Plan:
    """The words to search with, where to search, how many passages to return at most, and what they should meet.

    A wish holds for the collections that its kind is about. Wishes are given up one by one where too few passages meet
    them (`rag.conditions.relaxing`). Without `science`, the passages of science modules are left out.
    """

    query: str = ""
    collections: tuple[str, ...] = COLLECTIONS
    limit: int = 5
    wishes: tuple[Wish, ...] = ()
    science: bool = True


def plan_for(
    text: str,
    before: Sequence[str],
    places: Places,
    *,
    collections: tuple[str, ...],
    science: bool | None,
    limit: int,
) -> Plan:
    """Read a message in the light of the person's earlier ones, oldest first (see `Retriever.plan`)."""
    wanted = asked(text, before, places)
    if science is None:
        science = bool(_SCIENCE.search(fold(wanted.text)))
    return Plan(wanted.text, collections, limit, tuple(wanted.wishes.values()), science)
