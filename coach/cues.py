"""The cues of `cues.txt`, as pieces of regular expressions."""

from __future__ import annotations

import re
from pathlib import Path

from safety.tables import read

_ROWS = read("cues", Path(__file__).parent).words


def any_of(name: str) -> str:
    """The phrases of a row, one of which must stand there."""
    phrases = (phrase.strip() for phrase in _ROWS[name].split(","))
    return f"(?:{'|'.join(phrase[1:] if phrase.startswith('~') else re.escape(phrase) for phrase in phrases)})"


def cue(name: str) -> re.Pattern[str]:
    """Finds a phrase of a row anywhere in plain words."""
    return re.compile(rf" {any_of(name)}(?= )")
