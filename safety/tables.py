"""Reads the word tables in `safety/tables`: plain text, so that a clinician can review them without reading Python.

A table holds concepts, `{name}: phrase, phrase, ...`, and rules: a name on a line of its own and under it, indented,
one pattern a line in the language of :mod:`safety.patterns`. A line that ends in `,` or `|` goes on in the next; `#`
starts a comment. Everything is in the plain form of :mod:`safety.normalise`: lower case, no accents, "can not".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class TableText:
    """What a file says: rule name -> block of patterns, and concept name -> phrases, comma separated."""

    rules: dict[str, str]
    words: dict[str, str]


def read(name: str, folder: Path = _FOLDER) -> TableText:
    """Read `<name>.txt` of `folder`, by default a table of this package.

    Raises:
        ValueError: a pattern stands under no rule.
    """
    rules: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    rule = ""
    for line in _lines((folder / f"{name}.txt").read_text(encoding="utf-8")):
        if line.startswith("{") and "}:" in line:
            concept, _, phrases = line.partition("}:")
            words[concept[1:]] = phrases
        elif not line.startswith(" "):
            rule = line
            rules.setdefault(rule, [])
        elif rule:
            rules[rule].append(line.strip())
        else:
            raise ValueError(
                f"{name}.txt: the pattern {line.strip()!r} stands under no rule; put the rule's name above it"
            )
    return TableText({rule: "\n".join(patterns) for rule, patterns in rules.items()}, words)


def _lines(text: str) -> list[str]:
    whole: list[str] = []
    going_on = False
    for raw in text.splitlines():
        line = raw.split("#")[0].rstrip()
        if not line:
            continue
        if going_on:
            separator = "" if whole[-1].endswith("|") else " "
            whole[-1] += separator + line.strip()
        else:
            whole.append(line)
        going_on = line.endswith((",", "|"))
    return whole
