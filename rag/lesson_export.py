"""The lessons export of Reframing Retirement programmes: slides between lines of asterisks, banners in between.

A record starts at its slide line (`L01-S02-G002 | Lesson 1 Slide 2/35 | Global 2/424`), so a lost separator loses
nothing. A banner lies in the same piece as the slide after it: it is taken out first, for its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.passage import Passage, Records, Value
from rag.text import line_of, paragraphs

_SLIDE = re.compile(r"((L|SB)(\d{2})-S(\d{2})-G(\d{3}))\s*\|")
_SEPARATOR = re.compile(r"\*{5,}\s*")
_FRAME = re.compile(r"[=$]{5,}\s*")
_GROUP = re.compile(r"(LESSON|SCIENCE) (\d+): (.+?)\s*(\(\d+ slides?\))?\s*")
_SECTION = re.compile(r"SECTION \d+: (.+?)\s*\|\s*(.+?)\s*")
_END = re.compile(r"<{3,}.*>{3,}\s*")
_WITHHELD = re.compile(r"\*{3}\s*DO NOT REFERENCE\s*\*{3}\s*")
_FIELD = re.compile(r"(Lesson Description|Title|Content):(.*)")
_LISTS_REFERENCES = re.compile(r"\b(references?|bibliography|citations?)\b", re.IGNORECASE)
_STRAY_LABEL = re.compile(r"\b(Lesson )?Description:\s*")
# Two or more words said twice, the first of their first letters lost: "This lesson will his lesson will show".
_SAID_TWICE = re.compile(r"\b(\w?)(\w+(?: \w+){1,7}) \2\b")


def recognises(text: str) -> bool:
    """Whether some line is a slide line."""
    return any(_SLIDE.match(line) for line in text.split("\n"))


def read(text: str) -> Records:
    """Read the slides, withheld ones included. A slide without a title is its lesson's description."""
    lines = text.split("\n")
    groups: dict[tuple[str, int], dict[str, Value]] = {}
    section: dict[str, Value] = {}
    for start, end in _pieces(lines):
        section = _take_banners(lines, start, end, section, groups)
        slides = {number: slide for number in range(start, end) if (slide := _SLIDE.match(lines[number]))}
        starts = [*slides, end]
        if (stray := next((number for number in range(start, starts[0]) if lines[number].strip()), None)) is not None:
            yield stray + 1, "this text follows no slide line like `L01-S02-G002 | Lesson 1 Slide 2/35 | Global 2/424`"
        for (first, slide), last in zip(slides.items(), starts[1:], strict=True):
            yield first + 1, _passage(slide, lines[first + 1 : last], groups)


def _pieces(lines: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for number, line in enumerate(lines):
        if _SEPARATOR.fullmatch(line):
            yield start, number
            start = number + 1
    yield start, len(lines)


def _take_banners(
    lines: list[str],
    start: int,
    end: int,
    section: dict[str, Value],
    groups: dict[tuple[str, int], dict[str, Value]],
) -> dict[str, Value]:
    """Note what the banners of a piece say, and blank them. Returns the section that holds from here on."""
    for number in range(start, end):
        framed = start < number < end - 1 and all(_FRAME.fullmatch(lines[number + side]) for side in (-1, 1))
        if framed and (match := _SECTION.fullmatch(lines[number])):
            section = {"section": match[1], "layer": match[2]}
        elif framed and (match := _GROUP.fullmatch(lines[number])):
            groups[match[1], int(match[2])] = {"document": line_of(match[3]), **section}
        elif _END.fullmatch(lines[number]):
            lines[number] = ""
            continue
        else:
            continue
        lines[number - 1 : number + 2] = ["", "", ""]
    return section


def _passage(slide: re.Match[str], body: list[str], groups: dict[tuple[str, int], dict[str, Value]]) -> Passage | str:
    code, science = slide[1], slide[2] == "SB"
    number = int(slide[3])
    name = f"Science module {number}" if science else f"Lesson {number}"
    shared = groups.setdefault(("SCIENCE" if science else "LESSON", number), {"document": name})
    fields = _fields(body)
    if "" in fields:
        return "text stands outside `Title:` and `Content:`"
    title, text = line_of(" ".join(fields.get("Title", []))), paragraphs(fields.get("Content", []))
    withheld = "withheld" in fields or _LISTS_REFERENCES.search(title)
    if "Lesson Description" in fields:
        description = _SAID_TWICE.sub(r"\1\2", _STRAY_LABEL.sub("", line_of(" ".join(fields["Lesson Description"]))))
        shared["description"] = description
        title = title or (name if shared["document"] == name else f"{name}: {shared['document']}")
        text = text or description
    if not title:
        return "the slide has neither a title nor a description"
    if not text and not withheld:
        return "the slide has no text: write it below `Content:`, or mark the slide ***DO NOT REFERENCE***"
    own: dict[str, Value] = {"number": int(slide[4]), "global_number": int(slide[5])}
    own |= {"module": number, "science": "true"} if science else {"lesson": number}
    if withheld:
        own["do_not_reference"] = "true"
    return Passage(f"master-{code}", "lessons", title, text, shared | own)


def _fields(body: list[str]) -> dict[str, list[str]]:
    """The lines of each field by its label; those of none by the empty one. Nothing ends `Content:` but the record."""
    fields: dict[str, list[str]] = {}
    current = ""
    for line in body:
        if current == "Content":
            fields[current].append(line)
        elif match := _FIELD.match(line):
            current = match[1]
            fields.setdefault(current, []).append(match[2])
        elif _WITHHELD.fullmatch(line):
            fields["withheld"] = []
        elif not line.strip() or line.strip() == "+++":
            current = ""
        else:
            fields.setdefault(current, []).append(line)
    return fields
