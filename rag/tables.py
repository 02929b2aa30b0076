"""Local activities and at-home resources in CSV: one record a row, the kind told by the header."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from rag.activities import FIELDS, activity, named_facts
from rag.passage import Passage, Records, Value
from rag.text import line_of, slug
from rag.vocabulary import values_in

_ACTIVITY = (*FIELDS, "notes")
_RESOURCE = ("title", "type", "url", "steps", "minutes", "intensity", "position", "caution", "source")
_OPTIONAL = {"notes", "url", "steps", "caution", "source"}
_LIKENESS = 3  # so many columns in common make it that table, and a missing column a mistake rather than another kind


def recognises(text: str) -> bool:
    """Whether the first line is the header of a known table, possibly an incomplete one."""
    return _columns(text) is not None


def read(text: str) -> Records:
    """Read one table.

    Activities are numbered by row, resources by row within their type; a broken row keeps its number, so that mending
    it moves no other.
    """
    columns = _columns(text) or ()
    header = _header(text)
    if missing := [name for name in columns if name not in header and name not in _OPTIONAL]:
        yield 1, f"the header has no column {', '.join(missing)}"
        return
    counts: Counter[str] = Counter()
    for line, values in _rows(text, len(header)):
        if len(values) != len(header):
            counts[""] += 1
            yield line, f"the row has {len(values)} values, the header {len(header)}: quote values that hold commas"
            continue
        row = dict.fromkeys(columns, "") | dict(zip(header, map(line_of, values), strict=True))
        kind = slug(row.get("type", ""))
        counts[kind] += 1
        yield line, activity(counts[kind], row) if columns == _ACTIVITY else _resource(row, counts[kind])


def _header(text: str) -> list[str]:
    first_line = text.partition("\n")[0]
    return [name.strip().lower() for name in next(csv.reader([first_line]), [])]


def _columns(text: str) -> tuple[str, ...] | None:
    header = set(_header(text))
    return next((columns for columns in (_ACTIVITY, _RESOURCE) if len(header & set(columns)) >= _LIKENESS), None)


def _rows(text: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of the line it starts on; a quoted value may run over several lines.

    A quote that is never closed swallows the rows after it. Such a row is given up at its first line, and reading goes
    on with the next, so that nothing else is lost.
    """
    lines = text.splitlines(keepends=True)
    start = 1
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), strict=True)
        resumed = start
        try:
            for values in reader:
                if len(values) not in (0, width) and resumed + reader.line_num > start + 1:
                    break
                if any(value.strip() for value in values):
                    yield start + 1, values
                start = resumed + reader.line_num
            else:
                return
        except csv.Error:
            values = []
        yield start + 1, values
        start += 1


def _resource(row: dict[str, str], number: int) -> Passage | str:
    if missing := [name for name in ("title", "type") if not row[name]]:
        return f"the record has no {', '.join(missing)}"
    if not row["steps"] and not row["url"]:
        return "the record has neither steps nor a url"
    if row["minutes"] and not row["minutes"].isdecimal():
        return "minutes must be a whole number"
    metadata: dict[str, Value] = {name: row[name] for name in ("url", "caution") if row[name]}
    metadata |= named_facts(row["title"]) | {"media": (slug(row["type"]),)}
    metadata["activity_type"] = values_in("activity_type", f"{row['title']} {row['steps']}") or ("general",)
    # These three are filtered by exact value, so their spelling is made even.
    metadata |= {name: row[name].lower() for name in ("type", "intensity", "position") if row[name]}
    metadata["number"] = number
    if row["minutes"]:
        metadata["minutes"] = int(row["minutes"])
    if row["source"]:
        metadata["source"] = (row["source"],)
    facts = [f"{name.capitalize()}: {row[name]}" for name in ("intensity", "position", "minutes") if row[name]]
    lines = [row["steps"], *facts, f"Caution: {row['caution']}" if row["caution"] else ""]
    text = "\n".join(line for line in lines if line)
    return Passage(f"home-{slug(row['type'])}-{number:03d}", "resources", row["title"], text, metadata)
