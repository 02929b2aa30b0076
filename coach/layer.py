"""Which layer of Multi-Process Action Control a message speaks from, and how sure that stays over the conversation.

Source of the layers: Rhodes, The evolving understanding of physical activity behavior: a multi-process action control
approach (2017). Forming an intention is initiating reflective; liking it and having the chance to, ongoing reflective;
planning and keeping track of what is done, regulatory; habit and identity, reflexive.
"""

from __future__ import annotations

from collections.abc import Collection

_FADES = 0.9  # a message that says nothing of it leaves this share of the confidence
_FORGOTTEN = 0.3
_ENOUGH = 0.5
_MOST = 0.95
_HOLDS = 0.75  # a different layer must be this much as sure as the one known so far

# What speaks for a layer: the layer -> kinds of wording in `state.txt` and their weight.
_WEIGHTS: dict[str, dict[str, float]] = {
    "reflexive": {"reflexive": 0.65, "duration": 0.25, "frequency": 0.25},
    "regulatory": {"regulating": 0.65, "frequency": 0.35, "doing": 0.15},
    "ongoing_reflective": {"enjoying": 0.5, "opportunity": 0.3},
    "initiating_reflective": {"intending": 0.5, "lapsed": 0.6},
}


def next_layer(layer: str, confidence: float, signs: Collection[str]) -> tuple[str, float]:
    """The layer and its confidence (0 to 1) after a message with these `signs`: labels of `layer` rules and "doing"."""
    confidence *= _FADES
    if "lapsed" in signs:
        confidence = 0.0  # what they did, they do no longer
    scores = {name: min(_MOST, sum(weights.get(sign, 0.0) for sign in signs)) for name, weights in _WEIGHTS.items()}
    found = max(scores, key=lambda name: scores[name])
    if scores[found] >= _ENOUGH and found == layer:
        return layer, round(min(_MOST, max(confidence, scores[found]) + 0.1), 4)
    if scores[found] >= max(_ENOUGH, _HOLDS * confidence):
        return found, scores[found]
    if confidence < _FORGOTTEN:
        return "unclassified", 0.0
    return layer, round(confidence, 4)
