"""Which layer of Multi-Process Action Control a message speaks from, and how sure that stays over the conversation.

Source of the layers: Rhodes, The evolving understanding of physical activity behavior: a multi-process action control
approach (2017). Forming an intention is initiating reflective; liking it and having the chance to, ongoing reflective;
planning and keeping track of what is done, regulatory; habit and identity, reflexive.
"""

from __future__ import annotations

from collections.abc import Mapping

UNCLASSIFIED = "unclassified"

_FADES = 0.9  # a message that says nothing of it leaves this share of the confidence
_FORGOTTEN = 0.3
_ENOUGH = 0.5
_HOLDS = 0.75  # a different layer must be this much as sure as the one known so far


def next_layer(layer: str, confidence: float, opinion: Mapping[str, float]) -> tuple[str, float]:
    """The layer and its confidence (0 to 1) after a message; `opinion` says how likely it speaks from each layer."""
    confidence *= _FADES
    found = max(opinion, key=lambda name: opinion[name])
    if found != UNCLASSIFIED and opinion[found] >= max(_ENOUGH, _HOLDS * confidence):
        return found, round(max(opinion[found], confidence if found == layer else 0.0), 4)
    if confidence < _FORGOTTEN:
        return UNCLASSIFIED, 0.0
    return layer, round(confidence, 4)
