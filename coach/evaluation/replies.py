"""How well the screening of replies agrees with labelled sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import safety
from coach.evaluation.cases import Row, label_of, rate


def replies(rows: Sequence[Row]) -> dict[str, Any]:
    """`n`, `recall` of the sentences to `replace`, and `false_alarms`: the share of those to `pass` that are not."""
    right: dict[str, list[bool]] = {"replace": [], "pass": []}
    for row in rows:
        label = label_of(row, set(right))
        right[label].append(safety.screen_reply(row["text"]).verdict == label)
    return {
        "n": len(rows),
        "recall": rate(right["replace"]),
        "false_alarms": rate([not each for each in right["pass"]]),
    }
