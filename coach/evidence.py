"""What the learned opinions of the coach see of a message: its words, and what the tables mention and how.

Three models (see :mod:`safety.opinion`, made by `python -m coach.train`) judge a message beside the rules of
`state.txt`, for wordings and turns of phrase that no rule foresaw: `barrier`, what gets in the way after it; `layer`,
the process layer it speaks from; `activity`, whether an activity it mentions is one of the person's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from coach.mentions import Mention, Said
from safety.evidence import evidence
from safety.opinion import Opinion

FOLDER = Path(__file__).parent

_OWN, _FOLLOWING, _EARLIER = 7, 14, 8  # words of its clause on each side of a mention, after it and before it
_EARLIER_CHARACTERS = 80


@cache
def opinion(model: str) -> Opinion:
    """The opinion `barrier`, `layer` or `activity`; read when first asked, so that it can be made anew without one."""
    return Opinion.read(model, FOLDER)


def of_message(said: Said, mentions: Sequence[Mention]) -> set[str]:
    """Its words and what they mention."""
    shown = {name for passage in said.passages for name in evidence(passage)}
    for mention in mentions:
        name = f"<{mention.kind} {mention.label}>"
        shown.add(name)
        shown.update(f"{name} {manner}" for manner in _manners(mention))
    return shown


def of_barrier(said: Said, mentions: Sequence[Mention], known: str, ruled: str) -> set[str]:
    """As `of_message`, with the barrier `known` before it and the one that the rules find after it."""
    return of_message(said, mentions) | {f"<known {known}>", f"<ruled {ruled}>", f"<known {known}> <ruled {ruled}>"}


def of_activity(said: Said, mentions: Sequence[Mention], mention: Mention, verdict: str) -> set[str]:
    """What stands around a mentioned activity, and the `verdict` of the rules on it."""
    before, after = mention.before.split()[-_OWN:], mention.after.split()[:_OWN]
    follows = mention.follows.split()[:_FOLLOWING]
    earlier = said.plain[max(0, mention.clause_start - _EARLIER_CHARACTERS) : mention.clause_start].split()[-_EARLIER:]
    shown = {f"<{verdict}>", f"= {mention.match.strip()}", *(f"<< {word}" for word in earlier)}
    shown.update(f"<{verdict}> {manner}" for manner in _manners(mention))
    for side, found in (("<", before), (">", after), (">>", follows)):
        shown.update(f"{side} {word}" for word in found)
        shown.update(f"{side} {word} {following}" for word, following in pairwise(found))
    shown.update(f"{side}1 {word}" for side, found in (("<", before[-1:]), (">", after[:1])) for word in found)
    for other in mentions:
        if other.kind == "activity":
            shown.update(["<another>"] if other is not mention else [])
        elif other.kind in ("barrier", "eased", "layer"):
            shown.add(f"<{other.kind} {other.label}>{' denied' if other.denied else ''}")
    return shown


def _manners(mention: Mention) -> Iterator[str]:
    yield from (name for name in ("denied", "past", "of_other", "alone") if getattr(mention, name))
