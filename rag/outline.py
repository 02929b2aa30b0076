"""Passages from Markdown that was not written for a programme: converted documents, and files without front matter.

Each heading starts a passage. One that is too long to be quoted well is cut between paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.passage import Passage, Records, Value
from rag.text import line_of, paragraphs, slug

_HEADING = re.compile(r"#{1,6}\s+(\S.*)")
_SLIDE = re.compile(r"<!-- Slide number: \d+ -->")  # how the converter marks them
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
_LONGEST = 200  # words; the embedding model sees about as many


def recognises(text: str) -> bool:
    """Whether some line is a heading."""
    return any(_HEADING.match(line) for line in text.split("\n"))


def read(text: str, name: str, collection: str) -> Records:
    """Read one document into the collection. The file's `name` gives the ids: `<name>-NN`, in order."""
    document, count = line_of(name), 0
    for line, title, body in _sections(text.replace("\f", "\n\n").split("\n")):
        for part in _parts(paragraphs(body)):
            count += 1
            metadata: dict[str, Value] = {"document": document, "number": count}
            yield line, Passage(f"{slug(name)}-{count:02d}", collection, title or document, part, metadata)
    if not count:
        yield 1, "no text was found in it: scanned pages hold pictures of text, which are not read"


def _sections(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    start, title, body = 1, "", list[str]()
    for number, raw in enumerate(lines, start=1):
        line = _MARKS.sub("", _PICTURE.sub("", raw))
        heading = _HEADING.match(line)
        if heading or _SLIDE.fullmatch(line.strip()):
            yield start, title, body
            start, title, body = number, line_of(heading[1]) if heading else "", []
        else:
            body.append(line)
    yield start, title, body


def _parts(text: str) -> Iterator[str]:
    part: list[str] = []
    for paragraph in text.split("\n"):
        if part and len(" ".join([*part, paragraph]).split()) > _LONGEST:
            yield "\n".join(part)
            part = []
        part.append(paragraph)
    if any(part):
        yield "\n".join(part)
