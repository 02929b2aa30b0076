"""The activities export of Reframing Retirement programmes: numbered records between lines of asterisks."""

from __future__ import annotations

import re
from itertools import pairwise

from rag.activities import activity
from rag.passage import Records
from rag.text import line_of

_HEADER = re.compile(r"(\d{1,4})\.\s+(\S.*)")
_FIELD = re.compile(r"(What|Where|When|Cost|Notes):(.*)")
_SEPARATOR = re.compile(r"\*{5,}\s*")
_NO_CONTENT = re.compile(r"#+\s*|<{3,}.*>{3,}\s*")  # the frame of the title, the end of the list


def recognises(text: str) -> bool:
    """Whether a numbered header is followed by one of the fields."""
    lines = [line for line in text.split("\n") if line.strip()]
    return any(_HEADER.match(one) and _FIELD.match(two) for one, two in pairwise(lines))


def read(text: str) -> Records:
    """Read the records. Their own numbers make the ids, so a broken one moves no other."""
    lines = text.split("\n")
    frames = [number for number, line in enumerate(lines) if re.fullmatch(r"#{5,}\s*", line)]
    start = frames[1] + 1 if len(frames) > 1 else 0  # the title stands between the two
    fresh, record = True, list[tuple[int, str]]()
    for number, line in enumerate([*lines[start:], "*****"], start=start + 1):
        ends = bool(_SEPARATOR.fullmatch(line))
        if (ends or (fresh and _HEADER.match(line))) and record:
            yield from _record(record)
            record = []
        fresh = ends or not line.strip()  # a value that goes on in a line of its own does not follow an empty one
        if line.strip() and not ends and not _NO_CONTENT.fullmatch(line):
            record.append((number, line))


def _record(lines: list[tuple[int, str]]) -> Records:
    line, first = lines[0]
    header = _HEADER.match(first)
    if header is None:
        yield line, "the record does not start with its number and name, like `12. Chair yoga`"
        return
    values, current = {"name": header[2]}, "name"
    for _, further in lines[1:]:
        if match := _FIELD.match(further):
            current = match[1].lower()
            values[current] = match[2]
        else:
            values[current] += f" {further}"
    yield line, activity(int(header[1]), {name: line_of(value) for name, value in values.items()})
