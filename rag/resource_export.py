"""The at-home export of Reframing Retirement programmes: titles of videos, playlists and blogs, in sections."""

from __future__ import annotations

import re

from rag.activities import named_facts
from rag.passage import Passage, Records, Value
from rag.text import line_of, slug
from rag.vocabulary import values_in

_HEADER = re.compile(r"(.+?)\s*\(\d+ Activit(?:y|ies)\)\s*")
_FRAME = re.compile(r"={5,}\s*")
_RULE = re.compile(r"-{10,}\s*")
_RECORD = re.compile(r"Ref #:\s*(\d{1,4})\s*\+\+\+\s*Activity:(.*)")
_MINUTES = re.compile(r"\b(\d{1,3})[ -]?min(?:ute)?s?\b", re.IGNORECASE)


def recognises(text: str) -> bool:
    """Whether some line starts a record."""
    return any(_RECORD.match(line) for line in text.split("\n"))


def read(text: str) -> Records:
    """Read the records. Their numbers start again in each section, whose name gives the type: VIDEO PLAYLISTS."""
    kind, record = "", list[tuple[int, str]]()
    for number, line in enumerate([*text.split("\n"), "-" * 10], start=1):
        header = _HEADER.fullmatch(line)
        ends = bool(header or _RULE.fullmatch(line) or _FRAME.fullmatch(line))
        if (ends or _RECORD.match(line)) and record:
            yield record[0][0], _passage(kind, [text for _, text in record])
            record = []
        if header:
            kind = slug(header[1].split()[-1]).removesuffix("s")
        elif line.strip() and not ends:
            record.append((number, line))


def _passage(kind: str, lines: list[str]) -> Passage | str:
    match = _RECORD.match(lines[0])
    title = line_of(" ".join([match[2], *lines[1:]])) if match else ""
    if match is None or not title:
        return "the record does not read `Ref #: 1 +++ Activity: title`"
    if not kind:
        return "the record stands before the first section header, like `BLOGS (21 Activities)`"
    number = int(match[1])
    metadata: dict[str, Value] = {"type": kind, "number": number, **named_facts(title)}
    metadata["media"] = tuple(dict.fromkeys((kind, *values_in("media", title))))
    if equipment := values_in("equipment", title):
        metadata["equipment"] = equipment
    if minutes := _MINUTES.search(title):
        metadata["minutes"] = int(minutes[1])
    return Passage(f"home-{kind}-{number:03d}", "resources", title, title, metadata)
