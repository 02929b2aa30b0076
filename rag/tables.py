"""Local activities and at-home resources in CSV: one record a row, the kind told by the header."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from rag.passage import Passage, Records, Value

_ACTIVITY = ("name", "what", "where", "when", "cost", "notes")
_RESOURCE = ("title", "type", "url", "steps", "minutes", "intensity", "position", "caution", "source")
_LIKENESS = 3  # so many columns in common make it that table, and a missing column a mistake rather than another kind


def recognises(text: str) -> bool:
    """Whether the first line is the header of a known table, possibly an incomplete one."""
    return _columns(text) is not None


def read(text: str) -> Records:
    """Read one table.

    Activities are numbered by row, resources by row within their type; a broken row keeps its number, so that mending
    it moves no other.
    """
    columns = _columns(text)
    header = _header(text)
    if missing := sorted(set(columns or ()) - set(header)):
        yield 1, f"the header has no column {', '.join(missing)}"
        return
    passage = _activity if columns == _ACTIVITY else _resource
    counts: Counter[str] = Counter()
    for line, values in _rows(text):
        if len(values) != len(header):
            counts[""] += 1
            yield line, f"the row has {len(values)} values, the header {len(header)}: quote values that hold commas"
            continue
        row = dict(zip(header, (" ".join(value.split()) for value in values), strict=True))
        kind = _slug(row.get("type", ""))
        counts[kind] += 1
        yield line, passage(row, counts[kind])


def _header(text: str) -> list[str]:
    first_line = text.partition("\n")[0]
    return [name.strip().lower() for name in next(csv.reader([first_line]), [])]


def _columns(text: str) -> tuple[str, ...] | None:
    header = set(_header(text))
    return next((columns for columns in (_ACTIVITY, _RESOURCE) if len(header & set(columns)) >= _LIKENESS), None)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of the line it starts on; a quoted value may run over several lines."""
    reader = csv.reader(io.StringIO(text), strict=True)
    next(reader)
    start = reader.line_num + 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield start, values
            start = reader.line_num + 1
    except csv.Error:
        # The quotes no longer pair, so nothing after this line can be told apart: one short row stands for it.
        yield start, []


def _activity(row: dict[str, str], number: int) -> Passage | str:
    if missing := [name for name in ("name", "what", "where", "when", "cost") if not row[name]]:
        return f"the row has no {', '.join(missing)}"
    details = [f"{name.capitalize()}: {row[name]}" for name in ("where", "when", "cost", "notes") if row[name]]
    metadata: dict[str, Value] = {name: row[name] for name in ("where", "when", "cost", "notes") if row[name]}
    return Passage(f"activity-{number:03d}", "activities", row["name"], "\n".join([row["what"], *details]), metadata)


def _resource(row: dict[str, str], number: int) -> Passage | str:
    if missing := [name for name in ("title", "type") if not row[name]]:
        return f"the row has no {', '.join(missing)}"
    if not row["steps"] and not row["url"]:
        return "the row has neither steps nor a url"
    if row["minutes"] and not row["minutes"].isdecimal():
        return "minutes must be a whole number"
    metadata: dict[str, Value] = {name: row[name] for name in ("url", "caution") if row[name]}
    # These three are filtered by exact value, so their spelling is made even.
    metadata |= {name: row[name].lower() for name in ("type", "intensity", "position") if row[name]}
    if row["minutes"]:
        metadata["minutes"] = int(row["minutes"])
    if row["source"]:
        metadata["source"] = (row["source"],)
    facts = [f"{name.capitalize()}: {row[name]}" for name in ("intensity", "position", "minutes") if row[name]]
    lines = [row["steps"], *facts, f"Caution: {row['caution']}" if row["caution"] else ""]
    text = "\n".join(line for line in lines if line)
    return Passage(f"home-{_slug(row['type'])}-{number:03d}", "resources", row["title"], text, metadata)


def _slug(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")
