"""Labelled cases: JSON objects, one a line; `id` and `also` (other labels that count as right) may be absent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


class CasesError(ValueError):
    """A file of cases cannot be used; the message says where and what to mend."""


def read_cases(path: Path) -> list[Row]:
    """The rows of a JSON Lines file; a row without `id` is named by its line.

    Raises:
        CasesError: the file cannot be read, or a line is no object with a `text` (or with `turns`, a list of texts).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CasesError(f"{path} cannot be read as UTF-8 text; check the path.") from error
    return [_row(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def label_of(row: Row, known: set[str]) -> str:
    """The row's label.

    Raises:
        CasesError: it is none of `known`.
    """
    label = row.get("expected", row.get("label", row.get("mode")))
    if not isinstance(label, str) or label not in known:
        raise CasesError(f"{row['id']}: `expected` is {label!r}; use one of {', '.join(sorted(known))}.")
    return label


def rate(right: Sequence[bool]) -> float | None:
    """The share of rows judged right, None without rows."""
    return round(sum(right) / len(right), 4) if right else None


def _row(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not (isinstance(row.get("text"), str) or _are_texts(row.get("turns"))):
        raise CasesError(f"{path}:{number}: this line is no JSON object with a `text` or `turns`; mend or remove it.")
    return {"id": f"line {number}", **row}


def _are_texts(turns: object) -> bool:
    return isinstance(turns, list) and all(isinstance(text, str) for text in turns)
