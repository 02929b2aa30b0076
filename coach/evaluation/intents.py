"""How well the modes agree with labelled messages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from coach.evaluation.cases import Row, label_of, rate
from coach.intents import Intent
from coach.modes import MODES


def intents(rows: Sequence[Row], intent_of: Callable[[str], Intent]) -> dict[str, Any]:
    """`n`, `accuracy`, its share by labelled mode in `by_mode`, and in `confused` how often one was taken for another.

    Raises:
        openai.OpenAIError: when the embedding model cannot be asked.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    confused: Counter[str] = Counter()
    for row in rows:
        label = label_of(row, set(MODES))
        found = intent_of(row["text"]).mode
        right[label].append(found in {label, *(row.get("also") or ())})
        if not right[label][-1]:
            confused[f"{label} taken for {found}"] += 1
    return {
        "n": len(rows),
        "accuracy": rate([each for found in right.values() for each in found]),
        "by_mode": {mode: rate(right[mode]) for mode in MODES if mode in right},
        "confused": dict(confused.most_common()),
    }
