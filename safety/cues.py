"""The cues of `tables/cues.txt` as regular expressions over plain words, one space around every word."""

from __future__ import annotations

import re

from safety.tables import read

CUES = read("cues").words


def any_of(phrases: str) -> str:
    """The phrases of a row as one regular expression; `~` marks those that are one already."""
    found = [" ".join(phrase.split()) for phrase in phrases.split(",")]
    return "|".join(phrase[1:] if phrase.startswith("~") else re.escape(phrase).replace(r"\ ", " ") for phrase in found)


def cue(name: str) -> re.Pattern[str]:
    """Any phrase of the row `name`, as whole words."""
    return re.compile(rf" (?:{any_of(CUES[name])}) ")
