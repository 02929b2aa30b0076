"""Passages are documents that somebody wrote: what gives the model orders in them is cut out before the prompt."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache

import safety
from coach.sentences import split
from rag.passage import Hit

log = logging.getLogger(__name__)

# Prose for readers has more imperatives than talk: of 502 slides of a real programme this touches 3.
_ORDERS = 0.85
_REMEMBERED = 4096  # verdicts: a programme's passages are found again and again


def harmless(hits: list[Hit]) -> list[Hit]:
    """The hits without orders in their passages; those of which nothing is left are missing.

    A passage that lost something is logged by its id.
    """
    found: list[Hit] = []
    for hit in hits:
        text = _without_orders(hit.passage.title, hit.passage.text)
        if text == hit.passage.text:
            found.append(hit)
            continue
        log.warning("coach.orders_in_passage", extra={"passage_id": hit.passage.id})
        if text:
            found.append(replace(hit, passage=replace(hit.passage, text=text)))
    return found


@lru_cache(_REMEMBERED)
def _without_orders(title: str, text: str) -> str:
    if _hostile(title):
        return ""
    if not _hostile(text):
        return text
    lines = [list(split([line])) for line in text.splitlines()]
    pieces = [piece for line in lines for piece in line]
    guilty = {at for at, piece in enumerate(pieces) if _hostile(piece)}
    for at in range(1, len(pieces)):
        if guilty.isdisjoint({at - 1, at}) and _hostile(f"{pieces[at - 1]} {pieces[at]}"):
            guilty |= {at - 1, at}
    numbered = enumerate(pieces)
    kept = (
        "".join(piece for _, (at, piece) in zip(line, numbered, strict=False) if at not in guilty) for line in lines
    )
    left = "\n".join(line.strip() for line in kept if line.strip())
    return "" if _hostile(left) else left


def _hostile(text: str) -> bool:
    return safety.injection_score(text) >= _ORDERS
