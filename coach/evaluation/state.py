"""How well the state after a dialogue agrees with what was expected of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from coach.evaluation.cases import CasesError, Row, rate
from coach.state import update
from coach.turn import State


def state(rows: Sequence[Row]) -> dict[str, Any]:
    """`n` dialogues and, `by_field`, the share in which the field is as expected after the last of the `turns`.

    A field that a row does not expect is not scored; activities, liked or not, compare as sets.

    Raises:
        CasesError: a row has no `turns`, or expects a field that the state does not have.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        found = _after(row)
        for field, expected in _expected(row).items():
            if field not in found:
                raise CasesError(f"{row['id']}: `expected` names {field!r}; the state has {', '.join(found)}.")
            right[field].append(_comparable(found[field]) == _comparable(expected))
    return {"n": len(rows), "by_field": {field: rate(each) for field, each in right.items()}}


def _after(row: Row) -> dict[str, Any]:
    if "turns" not in row:
        raise CasesError(f"{row['id']}: a dialogue needs `turns`, the person's messages in order; add them.")
    found = State()
    for said in row["turns"]:
        found = update(found, said)
    return found.to_dict()


def _expected(row: Row) -> dict[str, Any]:
    expected = row.get("expected")
    if not isinstance(expected, dict):
        raise CasesError(f"{row['id']}: `expected` is no object of fields and values; mend it.")
    return expected


def _comparable(value: object) -> object:
    return set(value) if isinstance(value, list) else value
