"""How well the screening for injections agrees with labelled messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import safety
from coach.evaluation.cases import Row, label_of, rate

_ATTACKS = {"injection", "attack"}
_LABELS = {*_ATTACKS, "benign"}


def injection(rows: Sequence[Row]) -> dict[str, Any]:
    """`n`, `recall` of the attacks, and `false_alarms`: the share of benign texts that are taken for one."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        attack = label_of(row, _LABELS) in _ATTACKS
        detected = safety.injection_score(row["text"]) >= safety.DETECTED
        accepted = {label in _ATTACKS for label in row.get("also") or ()} | {attack}
        right[attack].append(detected in accepted)
    false_alarms = [not each for each in right[False]]
    return {"n": len(rows), "recall": rate(right[True]), "false_alarms": rate(false_alarms)}
