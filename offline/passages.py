"""The passages block of the coach's prompt, and the pieces of it that can be quoted with one marker each."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^<passages>\n(.*?)^</passages>", re.DOTALL | re.MULTILINE)
_MESSAGE = re.compile(r'<message from="person"(?: in-english=("[^"\n]*"|\'[^\'\n]*\'))?>\n(.*)\n</message>', re.DOTALL)
_MODE = re.compile(r"^Mode: (\w+)$", re.MULTILINE)
_COMMITMENT = re.compile(
    r"^- What they said they would do: (.+) \((open|done|missed)( earlier)?, (\d+) messages ago\)", re.MULTILINE
)
_RECALLED = re.compile(r"^- What they said they would do: .+: they ask for it now", re.MULTILINE)
_PASSAGE = re.compile(r"^<passage ([^>\n]*)>\n(.*?)\n?^</passage>", re.DOTALL | re.MULTILINE)
_ATTRIBUTE = re.compile(r"""(\w+)=("[^"]*"|'[^']*')""")  # xml.sax.saxutils.quoteattr uses either quote
_FIELD = re.compile(r"(Where|When|Cost|Notes|Minutes|Intensity|Position|Caution): +(.+)")
_SENTENCE_END = re.compile(
    r"""(?:(?<=[.!?\u2026])|(?<=[.!?\u2026]["\u2019\u201d)]))\s+(?=["(\u2018\u201c]?[A-Z0-9])"""  # curly quotes
)
_ABBREVIATION = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs)|\be\.g|\bi\.e)\.$")
_LEANS_BACK = re.compile(
    r"(?:It|They|This|That|These|Those|But|So|Both|Others?|Each one)\b"
    r"|.*\b(?:is another|one such|of that kind|in that (?:study|research|review))\b"
)
_STEP = re.compile(r"(?:^|\s+)\d{1,2}\.\s+")
_FEWEST_WORDS = 4
# What of a wish a passage lacks (`rag.conditions.KINDS`), as it is said to the person.
_LACKS = {
    "time": "it is not at the time of day you asked for",
    "level": "it is not meant for the level you asked for",
    "intensity": "it is not as easy or as hard as you asked for",
    "impact": "it may be harder on the joints than you asked for",
    "equipment": "it may need other things than you asked for",
    "media": "it comes in words, and not in the form you asked for",
    "booking": "it is not booked in the way you asked for",
    "minutes": "it does not take the time you asked for",
    "cost": "it does not have the price you asked for",
    "day": "it is not on the day you asked for",
    "place": "it is not in the place you asked for",
    "attendance": "it is not held where you asked for, at home or in person",
    "position": "it is not done in the position you asked for",
    "need": "it is not made for the need you named",
    "type": "it is not the kind of activity you asked for",
}


@dataclass(frozen=True)
class Passage:
    """One passage as the coach sends it, unescaped."""

    id: str
    collection: str
    title: str
    text: str
    lacks: str = ""


@dataclass(frozen=True)
class Commitment:
    """What the person said they would do, how that stands, and how many messages ago they said it.

    `news` says that they tell only now whether they did it.
    """

    what: str
    status: str
    turns: int
    news: bool


@dataclass(frozen=True)
class Instructions:
    """What the coach asks for in front of the passages: the mode, "" where none is named, and what to come back to.

    `recalls` says that they ask what they said they would do.
    """

    mode: str
    commitment: Commitment | None
    recalls: bool


@dataclass(frozen=True)
class Quote:
    """Sentences that can be said as they are, without full stops; `context` is what they mean, with the title."""

    passage_id: str
    sentences: tuple[str, ...]
    context: str

    @property
    def words(self) -> int:
        """How many words it takes to say."""
        return sum(len(sentence.split()) for sentence in self.sentences)


def unmarked(text: str) -> tuple[str, bool]:
    """The words of a user message, and whether they are an English rendering of French or Spanish ones.

    The coach marks and escapes messages, and renders foreign ones; other clients need not.
    """
    match = _MESSAGE.fullmatch(text)
    if not match:
        return text, False
    return (html.unescape(match[1][1:-1]), True) if match[1] else (html.unescape(match[2]), False)


def instructions(system: str) -> Instructions:
    """Read what stands before the passages; nothing that a passage says is looked at."""
    head = system.partition("<passages>\n")[0]
    mode, promised = _MODE.search(head), _COMMITMENT.search(head)
    commitment = (
        Commitment(_spoken(promised[1]), promised[2], int(promised[4]), news=promised[2] != "open" and not promised[3])
        if promised
        else None
    )
    return Instructions(mode[1] if mode else "", commitment, recalls=_RECALLED.search(head) is not None)


def _spoken(listed: str) -> str:
    """`walking, tuesday, after breakfast` as in `walking on Tuesday after breakfast`."""
    words = [
        f"on {word.capitalize()}" if word.endswith("day") and word not in ("today", "every day") else word
        for word in listed.replace("_", " ").split(", ")
    ]
    return " ".join(words)


def parse(system: str) -> list[Passage]:
    """Read the last passages block of the system text; none, or an empty one, gives an empty list.

    The text inside is XML-escaped, so no passage can close the block or open another.
    """
    blocks = _BLOCK.findall(system)
    return [_passage(attributes, text) for attributes, text in _PASSAGE.findall(blocks[-1])] if blocks else []


def quotes(passage: Passage) -> list[Quote]:
    """What of a passage can be quoted: single sentences of a lesson, the whole of an activity or a resource."""
    fields = {match[1].lower(): match[2] for line in passage.text.splitlines() if (match := _FIELD.fullmatch(line))}
    found: list[tuple[str, ...]]
    if passage.collection == "activities" and fields:
        found = [(_activity(passage, fields),)]
    elif passage.collection == "resources" and fields:
        found = [(_resource(passage, fields),)]
    else:
        found = list(_quotable(passage.text))
    return [
        Quote(passage.id, tuple(map(_plain, sentences)), f"{passage.title}. {' '.join(sentences)}")
        for sentences in found
    ]


def _passage(attributes: str, text: str) -> Passage:
    values = {name: html.unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(attributes)}
    return Passage(
        values.get("id", ""),
        values.get("collection", ""),
        values.get("title", ""),
        html.unescape(text).strip(),
        values.get("lacks", ""),
    )


def _plain(text: str) -> str:
    """The text without what would read as a marker of ours, and without its full stop."""
    return text.translate(str.maketrans("[]", "()")).rstrip().rstrip(".")


def _activity(passage: Passage, fields: dict[str, str]) -> str:
    what = next(_sentences(_unlabelled(passage)), "")
    place = f"at {fields['where']}" if "where" in fields else ""
    described = ", ".join(part for part in (_lower_first(what.rstrip(".")), place) if part)
    cost = f"cost: {_lower_first(fields['cost'])}" if "cost" in fields else ""
    return _joined(f"{passage.title}: {described}", fields.get("when", ""), cost, _lacking(passage, fields))


def _resource(passage: Passage, fields: dict[str, str]) -> str:
    minutes = f"{fields['minutes']} minutes" if "minutes" in fields else ""
    position = fields.get("position", "").lower().replace("either", "seated or standing")
    facts = ", ".join(part for part in (minutes, position) if part)
    opening = f"{passage.title} ({facts})" if facts else passage.title
    unnumbered = "\n".join(_STEP.split(_unlabelled(passage)))
    steps = [_lower_first(sentence) for sentence in _sentences(unnumbered)]
    caution = f"caution: {_lower_first(fields['caution'])}" if "caution" in fields else ""
    return f"{opening}: {_joined(*steps, caution, _lacking(passage, fields))}"


def _lacking(passage: Passage, fields: dict[str, str]) -> str:
    """In words what of the person's wishes it does not meet; of what has no words here, nothing."""
    position = fields.get("position", "").lower()
    done = {"position": f"this one is done {position}"} if position in ("seated", "standing") else {}
    in_words = {**_LACKS, **done}
    return " and ".join(in_words[kind] for kind in passage.lacks.split(", ") if kind in in_words)


def _unlabelled(passage: Passage) -> str:
    return "\n".join(line for line in passage.text.splitlines() if not _FIELD.fullmatch(line))


def _joined(*parts: str) -> str:
    return "; ".join(part.rstrip(". ") for part in parts if part)


def _lower_first(text: str) -> str:
    """The text as it goes on inside a sentence; capitals such as in `NHS` and `I` stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _quotable(text: str) -> Iterator[tuple[str, ...]]:
    """Sentences that stand alone; one that leans on the sentence before it comes together with that one."""
    before = ""
    for sentence in _sentences(text):
        if not sentence.endswith("?") and len(sentence.split()) >= _FEWEST_WORDS:
            if not _LEANS_BACK.match(sentence):
                yield (sentence,)
            elif before:
                yield before, sentence
        before = "" if sentence.endswith("?") else sentence


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        kept = ""
        for piece in _SENTENCE_END.split(line.strip().lstrip("-*• ")):
            kept = f"{kept} {piece}".strip()
            if not _ABBREVIATION.search(kept):
                if kept:
                    yield kept
                kept = ""
        if kept:
            yield kept
