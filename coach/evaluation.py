"""How well the coach's judgements agree with labelled cases: one function a data set, each from rows to figures.

Rows are JSON objects, one a line; `id` and `also` (other labels that count as right) may be absent. Rates are
fractions, None where there is nothing to rate.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import safety

Row = Mapping[str, Any]

_ATTACKS = {"injection", "attack"}
_LABELS = {*_ATTACKS, "benign"}
_CATEGORIES = ("emergency", "crisis", "medical_caution", "none")


class CasesError(ValueError):
    """A file of cases cannot be used; the message says where and what to mend."""


def read_cases(path: Path) -> list[Row]:
    """The rows of a JSON Lines file; a row without `id` is named by its line.

    Raises:
        CasesError: the file cannot be read, or a line is no object with a `text`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"{path} cannot be read as UTF-8 text; check the path.") from error
    return [_row(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def injection(rows: Sequence[Row]) -> dict[str, Any]:
    """`n`, `recall` of the attacks, and `false_alarms`: the share of benign texts that are taken for one."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in rows:
        attack = _label(row, _LABELS) in _ATTACKS
        detected = safety.injection_score(row["text"]) >= safety.DETECTED
        accepted = {label in _ATTACKS for label in row.get("also") or ()} | {attack}
        right[attack].append(detected in accepted)
    false_alarms = [not each for each in right[False]]
    return {"n": len(rows), "recall": _rate(right[True]), "false_alarms": _rate(false_alarms)}


def triage(rows: Sequence[Row]) -> dict[str, Any]:
    """Of `safety.triage`: `accuracy`, `recall` by class, `false_alarms` on `none`, and `missed`.

    `missed` holds the ids of emergencies and crises that were taken for `none`.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    for row in rows:
        label = _label(row, set(_CATEGORIES))
        found = safety.triage(row["text"]).category
        right[label].append(found in {label, *(row.get("also") or ())})
        if label in ("emergency", "crisis") and found == "none":
            missed.append(row["id"])
    return {
        "n": len(rows),
        "accuracy": _rate([each for found in right.values() for each in found]),
        "recall": {label: _rate(right[label]) for label in _CATEGORIES if label in right},
        "false_alarms": _rate([not each for each in right["none"]]),
        "missed": missed,
    }


SETS: dict[str, Callable[[Sequence[Row]], dict[str, Any]]] = {"safety": triage, "injection": injection}


def _row(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise CasesError(f"{path}:{number}: this line is no JSON object with a `text`; mend or remove it.")
    return {"id": f"line {number}", **row}


def _label(row: Row, known: set[str]) -> str:
    label = row.get("expected", row.get("label"))
    if label not in known:
        raise CasesError(f"{row['id']}: `expected` is {label!r}; use one of {', '.join(sorted(known))}.")
    return str(label)


def _rate(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None
