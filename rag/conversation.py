"""What a conversation has come to ask for: a short follow-up changes one thing, a new topic starts afresh."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.conditions import Wish
from rag.places import Places
from rag.text import fold
from rag.wishes import Reading, read

_LOOKED_BACK = 8  # messages
_ENOUGH_WORDS = 2  # so many words of its own make a topic
_COMPARED_WORDS = 4  # the same for one that compares: "something shorter with cheerful music"
_SHORT = 3  # words: "chair yoga?" asks for another kind of the same
_WORD = re.compile(r"\w+")
# These carry no topic. A message with hardly any other word ("and how often?") leans on the ones before it.
_EMPTY = re.compile(
    r"\b(?:a|about|again|also|am|an|and|any|anything|are|as|at|be|been|but|can|class(?:es)?|could|did|do|does|else"
    r"|ever|for"
    r"|find|fine|from|get|give|go|going|good|got|great|had|has|have|he|help|hi|how|i|if|in|instead|is|it|its|just"
    r"|know|like"
    r"|long|look|looking|many|may|maybe|me|more|much|my|need|no|not|of|off|often|oh|ok|okay|on|ones?|or|other|our|out"
    r"|please|prefer|rather|really|same|see|session|she|should|show|so|some|something|sounds|still|sure|tell|than"
    r"|thanks?"
    r"|that|the|them|then|there|they|things?|think|this|those|to|too|try|um|us|want|was|we|well|were|what|when|where"
    r"|which|who|why|will|with|work|would|yeah|yes|you|your|[dmst]|ll|re|ve"
    r"|aussi|autre|avec|ce|ces|d|dans|de|des|du|en|est|et|il|j|je|la|le|les|mais|merci|moi|non|oui|ou|pas|plutot"
    r"|pour|qu"
    r"|que|quelque chose|qui|sur|un|une|y|a|al|algo|con|del|el|es|gracias|hay|los|las|mas|me|mi|o|para|pero|por|que"
    r"|si|sin"
    r"|tambien|una|uno)\b"
)
_LEADING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|no|oh|um|well|thanks|great)\W+)*"
    r"(?:and|or|but|also|what about|how about|same|instead|rather|not|anything|et|ou|mais|plutot|y|o|pero)\b"
)
_POINTS_BACK = re.compile(r"\b(?:it|that|this|they|them|those|these|he|she|his|her|their)\b")
_LED_BY = re.compile(r"\b(?:on|in|at|for|under|le|la|les|los|el|en|a|\u00e0|de|con)\s+$", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """The words to search with, what is wished by now, and where in the words each wish stands."""

    text: str = ""
    wishes: dict[tuple[str, bool], Wish] = field(default_factory=dict)
    spans: dict[tuple[str, bool], list[tuple[int, int]]] = field(default_factory=dict)


def asked(text: str, before: Sequence[str], places: Places) -> Asked:
    """What the person asks for now. `before` are their earlier messages, oldest first."""
    found = Asked()
    for message in [*before[-_LOOKED_BACK:], text]:
        found = _after(found, message, places)
    return Asked(" ".join(found.text.split()), found.wishes)


def _after(earlier: Asked, message: str, places: Places) -> Asked:
    reading = read(message, places, earlier.wishes)
    said = _without(message, *reading.given_up.values())
    if not earlier.text or not _leans_back(message, reading):
        return Asked(said, reading.wishes, reading.spans)
    kept = {key: wish for key, wish in earlier.wishes.items() if not _replaced(key, wish, reading)}
    words = _without(earlier.text, *(spans for key, spans in earlier.spans.items() if key not in kept))
    offset = len(words) + 1
    moved = {key: [(start + offset, end + offset) for start, end in spans] for key, spans in reading.spans.items()}
    spans = {key: earlier.spans[key] for key in kept} | moved
    return Asked(f"{words} {said}", kept | reading.wishes, spans)


def _without(text: str, *groups: Sequence[tuple[int, int]]) -> str:
    """The text with these stretches blank, and the little words that led to them; everything keeps its place."""
    for spans in groups:
        for start, end in spans:
            led = _LED_BY.search(text[:start])
            at = led.start() if led else start
            text = text[:at] + " " * (end - at) + text[end:]
    return text


def _leans_back(message: str, reading: Reading) -> bool:
    """Whether the message changes what was asked before rather than asking for something else."""
    folded = fold(_without(message, *reading.spans.values(), *reading.given_up.values()))
    own = len(_WORD.findall(_EMPTY.sub(" ", folded)))
    led = _LEADING.match(fold(message))
    if reading.compared or reading.given_up or (led and _POINTS_BACK.search(folded)):
        return own < _COMPARED_WORDS
    names_topic = any((kind, False) in reading.wishes for kind in ("type", "need"))
    if names_topic and not led:
        return len(_WORD.findall(message)) <= _SHORT and own == 0
    return own < _ENOUGH_WORDS


def _replaced(key: tuple[str, bool], wish: Wish, reading: Reading) -> bool:
    """Whether the message says something else of the same kind, or that it does not matter."""
    kind, _ = key
    if kind in reading.given_up or key in reading.wishes or (kind, False) in reading.wishes:
        return True
    against = reading.wishes.get((kind, True))  # "not yoga" after "chair yoga": the wish for yoga is gone
    return against is not None and any(
        set(one.any_of) & set(other.none_of) or (one.any_of and other.any_of and one.field == other.field)
        for one in wish.conditions
        for other in against.conditions
    )
