"""A reply as it is spoken: what only eyes can use is left out, and what is written short is said in full."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coach.sentences import split

# The voice takes a breath between two texts, so that a short one goes together with its neighbour.
SHORTEST = 25  # characters
LONGEST = 1000  # a sentence that long is no sentence; the speech API takes up to 4096

_UNITS = {
    "min": "minutes",
    "mins": "minutes",
    "hr": "hours",
    "hrs": "hours",
    "sec": "seconds",
    "secs": "seconds",
    "km": "kilometres",
    "kg": "kilograms",
    "lbs": "pounds",
    "cm": "centimetres",
    "m": "metres",
}
_ONE = {"minutes": "minute", "hours": "hour", "seconds": "second", "pounds": "pound"}

_RULES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), said)
    for pattern, said in (
        (r"!?\[([^\]\n]*)\]\([^)\n]*\)", r"\1"),  # Markdown: links, then what marks text
        (r"\s*[\[(]<?https?://[^\s\])>]*>?[\])]", ""),
        (r"<?(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?)]>?", "the link in the written answer"),
        (r"\s*\[[a-z0-9]+(?:[-_][a-z0-9]+)+\]", ""),  # ids of passages
        (r"<[^<>\n]{1,100}>", ""),
        (r"(?m)^\s{0,3}(?:#{1,6}|>|[-*•])\s+", ""),
        (r"\*\*|__|[*`~]|(?<![^\W_])_|_(?![^\W_])", ""),
        ("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+", ""),  # pictures
        # Numbers to call are said digit by digit.
        (r"(?<![\w.,-])(\d)-(\d)-(\d)(?![\w-])", r"\1 \2 \3"),
        (r"(?<![\w.,$-])(9)(1)(1)(?!\w|[.,]?\d)|(?<![\w.,$-])(9)(8)(8)(?!\w|[.,]?\d)", r"\1\4 \2\5 \3\6"),
        (r"(?<![\w.,$-])(9)(9)(9)(?!\w|[.,]?\d)|(?<![\w.,$-])(0)(0)(0)(?!\w|[.,]?\d)", r"\1\4 \2\5 \3\6"),
        (r"\$(\d[\d,]*)\.(\d\d)(?!\d)", r"\1 dollars \2"),
        (r"\$(\d[\d,]*)\s*[-\u2013]\s*\$?(\d[\d,]*)", r"\1 to \2 dollars"),
        (r"\$1\b(?![.,]\d)", "1 dollar"),
        (r"\$(\d[\d,]*)", r"\1 dollars"),
        (r"(?<=\d)\s*[-\u2013]\s*(?=\d)", " to "),
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"(?<=\d)\s*%", " percent"),
        (r"(?<=\d)\s*°\s*C\b", " degrees"),
        (r"\be\.g\.,?", "for example,"),
        (r"\bi\.e\.,?", "that is,"),
        (r"\betc\.(?=\s+[a-z])", "and so on"),
        (r"\betc\.", "and so on."),
        (r"\band/or\b", "or"),
        (r"\s&\s", " and "),
        (r"\s+[-\u2013\u2014]+\s+|\u2014", ", "),
        (r"\s+([,.;:!?])", r"\1"),
        (r"[^\S\n]{2,}", " "),
    )
]
_UNIT = re.compile(rf"(?<![\w.,])(\d+(?:\.\d+)?)[ -]?({'|'.join(_UNITS)})\b\.?(?=(\s+[A-Z]|\s*$)?)", re.MULTILINE)


def speakable(text: str) -> str:
    """`text` without markup, ids and addresses, and with numbers and units as one says them."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return _UNIT.sub(_in_full, text).strip()


def utterances(text: str) -> Iterator[str]:
    """The reply in the pieces in which it is spoken: sentences, short ones together. Nothing that has no words."""
    waiting = ""
    for line in speakable(text).splitlines():
        for sentence in split([line]):
            waiting = f"{waiting} {' '.join(sentence.split())}".strip()
            waiting += "." if waiting[-1].isalnum() else ""  # a heading, or an item of a list
            if len(waiting) >= SHORTEST:
                yield from _bounded(waiting)
                waiting = ""
    yield from _bounded(waiting)


def _in_full(match: re.Match[str]) -> str:
    number, unit, ends = match[1], _UNITS[match[2]], match[3]
    unit = _ONE.get(unit, unit) if number == "1" else unit
    stop = "." if match[0].endswith(".") and ends is not None else ""
    return f"{number} {unit}{stop}"


def _bounded(text: str) -> Iterator[str]:
    while text:
        cut = len(text) if len(text) <= LONGEST else max(text.rfind(" ", 0, LONGEST), 1)
        piece, text = text[:cut], text[cut:].strip()
        if any(character.isalnum() for character in piece):
            yield piece
