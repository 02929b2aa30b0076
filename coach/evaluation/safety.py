"""How well the triage agrees with labelled messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import safety
from coach.evaluation.cases import Row, label_of, rate

_CATEGORIES = ("emergency", "crisis", "medical_caution", "none")


def triage(rows: Sequence[Row]) -> dict[str, Any]:
    """Of `safety.triage`: `accuracy`, `recall` by class, `false_alarms` on `none`, and `missed`.

    `missed` holds the ids of emergencies and crises that were taken for `none`.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    for row in rows:
        label = label_of(row, set(_CATEGORIES))
        found = safety.triage(row["text"]).category
        right[label].append(found in {label, *(row.get("also") or ())})
        if label in ("emergency", "crisis") and found == "none":
            missed.append(row["id"])
    return {
        "n": len(rows),
        "accuracy": rate([each for found in right.values() for each in found]),
        "recall": {label: rate(right[label]) for label in _CATEGORIES if label in right},
        "false_alarms": rate([not each for each in right["none"]]),
        "missed": missed,
    }
