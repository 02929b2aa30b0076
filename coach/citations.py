"""From the model's `[id]` markers to citations with a quote, for sentences that truly rest on their passage."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from coach.gloss import in_english
from coach.sentences import split
from coach.turn import Citation, Message
from rag.passage import Hit, Passage

QUOTE_CHARACTERS = 300
# Shares of a sentence's content words that its passage has: enough to believe a marker, and to see one missing.
_BELIEVED, _UNMISTAKABLE = 0.2, 0.7
_FEWEST_WORDS = 4  # content words; shorter sentences are alike by chance
_BRACKETS = re.compile(r"\s*\[([^\[\]\n]*)(?:\]|$)")
_STEM = 5
_NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
_DIGITS = {word: str(value) for value, word in enumerate(_NUMBER_WORDS.split())} | {"once": "1", "twice": "2"}
_DIGITS |= {"fifteen": "15", "twenty": "20", "thirty": "30", "sixty": "60"}
# Words of four letters and more that every text has: sharing them says nothing.
_EVERYWHERE = (
    "about after again also another around because been before being both cannot come could does doing done down "
    "each else even ever every feel from give goes going good great have having here into just keep kind know less "
    "like little look made make many matter mean mind more most much must need never next once only other over "
    "part perhaps rather right same seem should some something soon still such sure take tell than that their "
    "them then there these they thing think this those time today under until very want week well were what when "
    "where whether which while whose will with without would year your yours yourself active activity"
)
_COMMON = {word[:_STEM] for word in _EVERYWHERE.split()}
_ID_SHAPE = re.compile(r"[^\W_]+(?:[-_][^\W_]+)+")  # balance-basics-03


def strip_markers(sentence: str, ids: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Take the markers out of one sentence.

    Returns the text a person sees and those of the marked ids that are in `ids`, in order. A marker that only
    looks like an id is taken out too (models invent some); other brackets stay.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        names = [name for name in re.split(r"[\s,;]+", match[1]) if name]
        if not all(name in ids or _ID_SHAPE.fullmatch(name) for name in names):
            return match[0]
        found.extend(name for name in names if name in ids)
        return ""

    text = _BRACKETS.sub(take, sentence)
    return text, tuple(dict.fromkeys(found))


def rests_on(sentence: str, passage: Passage) -> bool:
    """Whether a sentence that is marked with a passage may be: its figures stand there, and some of its words."""
    return _share(sentence, passage.embedded_text) >= _BELIEVED


def unmarked_source(sentence: str, hits: Iterable[Hit]) -> str | None:
    """The id of the passage that has a sentence from which one without a marker is plainly taken.

    A question is always the speaker's own.
    """
    if sentence.rstrip().endswith("?") or len(_content(sentence)) < _FEWEST_WORDS:
        return None
    shares = ((_share(sentence, text), hit.passage.id) for hit in hits for text in split([hit.passage.embedded_text]))
    share, name = max(shares, default=(0.0, ""))
    return name if share >= _UNMISTAKABLE else None


def _share(sentence: str, text: str) -> float:
    """The share of the sentence's content words that the text has, 0 with a figure that it lacks."""
    source = _stems(text)
    if not {stem for stem in _stems(sentence) if stem.isdecimal()} <= source:
        return 0.0
    words = _content(sentence)
    return len(words & source) / len(words) if words else 0.0


def _content(text: str) -> set[str]:
    return {stem for stem in _stems(text) if (len(stem) >= _STEM - 1 and stem not in _COMMON) or stem.isdecimal()}


def _stems(text: str) -> set[str]:
    """Words cut to their first letters, those of a French or Spanish text in English; figures in digits."""
    plain = re.findall(r"\d+|[^\W\d_]+", re.sub(r"(?<=\d)[, ](?=\d{3}\b)", "", in_english(text).lower()))
    return {_DIGITS.get(word, word if word.isdecimal() else word[:_STEM]) for word in plain}


def cite(hit: Hit, said: Sequence[str]) -> Citation:
    """The citation of a passage for the sentences that used it; the score is the retriever's."""
    found = hit.passage
    return Citation(found.id, found.title, found.collection, score=round(hit.score, 4), quote=_quote(found.text, said))


def last_cited(history: Sequence[Message]) -> tuple[Citation, ...]:
    """What the last answer cited that cited anything."""
    return next((message.citations for message in reversed(history) if message.citations), ())


def _quote(passage: str, said: Sequence[str]) -> str:
    """The sentence of the passage that shares most words with what was said, cut at a word if it is long."""
    words = _words(" ".join(said))
    sentences = [sentence.strip() for sentence in split([passage])] or [""]
    quote = max(sentences, key=lambda sentence: _overlap(_words(sentence), words))
    if len(quote) <= QUOTE_CHARACTERS:
        return quote
    cut = quote[: QUOTE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")] if " " in cut else cut[:QUOTE_CHARACTERS]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _overlap(one: set[str], other: set[str]) -> float:
    """Dice's coefficient, so that a long sentence does not win by its length."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
