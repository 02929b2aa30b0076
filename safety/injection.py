"""Scores how much a text gives orders to the model instead of talking to the coach.

Two judges: wordings and marks that are recognised outright (:mod:`safety.injection_rules`), and a logistic model over
words and meanings, which carries over to wordings never seen (:mod:`safety.injection_features`; its weights are made
by `python -m safety.train_injection`). Both read what a text says in disguise too (:mod:`safety.disguise`).
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from safety.disguise import undisguised
from safety.injection_features import features, windows
from safety.injection_rules import RULE_WEIGHT, marks, recognised
from safety.normalise import words

DETECTED = 0.5
WEIGHTS = Path(__file__).parent / "tables" / "injection_weights.json"

_MODEL = json.loads(WEIGHTS.read_text(encoding="utf-8"))
_BIAS: float = _MODEL["bias"]
_WEIGHTS: dict[str, float] = _MODEL["weights"]


def injection_score(text: str) -> float:
    """How likely `text` (a person's words or a passage) gives orders to the model: 0 to 1, from `DETECTED` on a hit."""
    evidence = max(_evidence(text), *(_evidence(meant) for meant in undisguised(text)), -math.inf)
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, evidence)))), 3)


def _evidence(text: str) -> float:
    seen = marks(text)
    names = [name for name, _ in seen]
    learned = max(
        (sum(_WEIGHTS.get(name, 0.0) for name in features(window, names)) for window in windows(text)), default=0.0
    )
    return _BIAS + learned + RULE_WEIGHT * recognised(words(text), [weight for _, weight in seen])
