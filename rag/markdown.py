"""Lessons in Markdown: front matter, then one `## Heading` per passage, each ending with its `Source:` lines."""

from __future__ import annotations

import re
from itertools import takewhile

from rag.passage import COLLECTIONS, Passage, Records, Value
from rag.text import line_of, paragraphs, slug

_FENCE = "---"
_HEADING = "## "
_SOURCE = "Source:"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = ("id", "title", "collection")


def recognises(text: str) -> bool:
    """Whether the text opens with front matter that names an id or a collection, so is meant to be read."""
    lines = text.split("\n")
    opening = takewhile(lambda line: line.strip() != _FENCE, lines[1:])
    return lines[0].strip() == _FENCE and any(line.startswith(("id:", "collection:")) for line in opening)


def read(text: str, name: str, collection: str | None = None) -> Records:
    """Read one lesson. Without an id of its own it takes one from the file's `name`; `collection` wins over its own.

    Passage ids are `<id>-NN`, NN counting the headings from 01, broken ones included, so that mending one moves no
    other. What stands before the first heading describes the lesson and goes into the metadata of its passages.
    """
    lines = text.split("\n")
    closing = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE), None)
    if closing is None:
        yield 1, "the front matter is not closed: end it with a line of three hyphens"
        return
    pairs = (line.partition(":") for line in lines[1:closing] if line.strip())
    front = {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    front.setdefault("id", slug(name))
    if collection:
        front["collection"] = collection
    if problem := _front_matter_problem(front):
        yield 1, problem
        return

    starts = [number for number in range(closing + 1, len(lines)) if lines[number].startswith(_HEADING)]
    if not starts:
        yield 1, "there is no passage: start each one with a line `## Heading`"
        return
    shared: dict[str, Value] = {
        key: int(value) if value.isdecimal() else value for key, value in front.items() if key not in _RESERVED
    }
    shared |= {"document": front["title"], "description": paragraphs(lines[closing + 1 : starts[0]])}
    for count, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        body, sources = _without_sources(lines[start + 1 : end])
        title, passage_text = line_of(lines[start].removeprefix(_HEADING)), paragraphs(body)
        if not title or not passage_text:
            yield start + 1, "the passage has no heading or no text"
        elif any(line.startswith(_SOURCE) for line in body):
            yield start + 1, "text follows a `Source:` line: sources come last, each on one line"
        else:
            metadata = shared | {"number": count, "source": sources}
            yield start + 1, Passage(f"{front['id']}-{count:02d}", front["collection"], title, passage_text, metadata)


def _front_matter_problem(front: dict[str, str]) -> str | None:
    if missing := [key for key in _RESERVED if not front.get(key)]:
        return f"the front matter has no {', '.join(missing)}"
    if not _SLUG.fullmatch(front["id"]):
        return "the id may hold lower-case letters, digits and single hyphens only"
    if front["collection"] not in COLLECTIONS:
        return f"the collection must be one of {', '.join(COLLECTIONS)}"
    return None


def _without_sources(lines: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The passage's lines, and the sources named on its last ones."""
    rest, sources = list(lines), list[str]()
    while rest and (not rest[-1].strip() or rest[-1].startswith(_SOURCE)):
        if line := rest.pop().strip():
            sources.insert(0, line.removeprefix(_SOURCE).strip())
    return rest, tuple(sources)
