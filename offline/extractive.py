"""The offline chat model: it makes up nothing. One line of its own, sentences of the programme, one open question.

What it quotes is chosen by meaning and shared words. Text in messages or passages is only ever compared and quoted,
never obeyed, so instructions hidden in it do nothing. The same request always gets the same answer.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offline.minilm import MiniLM, Vectors
from offline.passages import Quote, parse, quotes
from offline.phrases import ASKED, NOTHING_FOUND, OFFLINE, TOLD, TOPICS, Topic

# Set on 90 typical messages against the sample lessons: trivia, recipes and printers score below, coaching above.
RELEVANCE_FLOOR = 0.35
TOPIC_FLOOR = 0.40
SURE = 0.6  # so close to "What's on this week?" that whatever was found of that collection is an answer
PASSAGES_WITHIN = 0.12  # of the best passage's relevance: what is further off is another subject
QUOTES_WITHIN = 0.10  # of the best quote's score
ALIKE = 0.88  # cosine above which two quotes say the same
MAX_QUOTES = 2  # the prompt asks for four sentences in all
MAX_QUOTED_WORDS = 40  # no second quote after a long one
FEW_WORDS = 3

_EXAMPLES = {example: topic for topic in TOPICS for example in topic.examples}
_ASKS = re.compile(
    r"\W*(?:what|which|who|whose|where|when|why|how|can|could|do|does|is|are|should|tell|show|give|help)\b", re.I
)

_CARRIES_NO_TOPIC = (
    "about again also and any are but can could did does else for from get give had has have how just like long many "
    "maybe more much not often one other please really she should some sure tell than thank thanks that the them then "
    "there they thing things think this those too try was well what when where which who why will with would yeah yes "
    "you your"
)
_STOP_WORDS = set(_CARRIES_NO_TOPIC.split())


@dataclass(frozen=True)
class Turn:
    """One earlier message; `role` is `user` or `assistant`."""

    role: str
    text: str


def answer(minilm: MiniLM, system: str, history: Sequence[Turn], said: str) -> str:
    """The reply to `said`, never empty; each quoted sentence carries its passage's id in square brackets.

    `system` holds the passages block, `history` is oldest first.
    """
    told = [turn.text for turn in history if turn.role == "assistant"]
    topic, likeness = _topic(minilm, said)
    passages, floor = parse(system), RELEVANCE_FLOOR
    if likeness >= SURE and (asked_for := [passage for passage in passages if passage.collection == topic.collection]):
        passages, floor = asked_for, 0.0
    chosen = _choose(minilm, [quotes(passage) for passage in passages], floor, _query(history, said), told)

    lines = [_vary(topic.reflections, said, told)]
    if not told:
        lines.append(OFFLINE)
    if chosen:
        lines += [_marked(quote) for quote in chosen]
    elif not topic.social:
        lines.append(_vary(NOTHING_FOUND, said, told))
    if topic.questions or not chosen:
        lines.append(_vary(topic.questions or TOLD.questions, said, told))
    return " ".join(lines)


def _topic(minilm: MiniLM, said: str) -> tuple[Topic, float]:
    """What `said` is about, and how close it comes to an example of that, as a cosine."""
    likeness = minilm.embed_cached(list(_EXAMPLES)) @ minilm.embed([said]).vectors[0]
    best = int(np.argmax(likeness))
    if likeness[best] >= TOPIC_FLOOR:
        return list(_EXAMPLES.values())[best], float(likeness[best])
    return (ASKED if "?" in said or _ASKS.match(said) else TOLD), 0.0


def _query(history: Sequence[Turn], said: str) -> str:
    """The words to look for; a message that names hardly anything is read with the ones before it."""
    query = said
    for turn in reversed(history):
        if len(_words(query)) >= FEW_WORDS:
            break
        if turn.role == "user":
            query = f"{turn.text} {query}"
    return query


def _choose(
    minilm: MiniLM, found: Sequence[Sequence[Quote]], floor: float, query: str, told: Sequence[str]
) -> list[Quote]:
    """The quotes to say, at most `MAX_QUOTES`, best passage first, in the order of their text.

    None when no passage's relevance reaches `floor`.
    """
    pool = [quote for passage in found for quote in passage]
    if not pool:
        return []
    asked = minilm.embed([query]).vectors[0]
    meaning = minilm.embed_cached([quote.context for quote in pool])
    relevance = _relevance(pool, meaning, asked)
    best = float(relevance.max())
    if best < floor:
        return []
    near = [index for index in range(len(pool)) if relevance[index] >= max(floor, best - PASSAGES_WITHIN)]
    heard = _flat(" ".join(told))
    near = [index for index in near if not any(_flat(text) in heard for text in pool[index].sentences)] or near

    wanted = _words(query)
    firsts = {passage[0] for passage in found if passage}
    score = {
        index: 0.45 * float(meaning[index] @ asked)
        + 0.4 * float(relevance[index])
        + 0.15 * len(wanted & _words(pool[index].context)) / max(1, len(wanted))
        + 0.02 * (pool[index] in firsts)  # a passage opens with what it is about
        for index in near
    }
    taken: list[int] = []
    for index in sorted(near, key=lambda each: -score[each]):
        if taken and score[index] < score[taken[0]] - QUOTES_WITHIN:
            break
        if not any(_same(pool[index], pool[other], meaning[index] @ meaning[other]) for other in taken):
            taken.append(index)
        if len(taken) == MAX_QUOTES or sum(pool[each].words for each in taken) > MAX_QUOTED_WORDS:
            break
    lead = pool[taken[0]].passage_id
    return [pool[index] for index in sorted(taken, key=lambda each: (pool[each].passage_id != lead, each))]


def _relevance(pool: Sequence[Quote], meaning: Vectors, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each quote how well its whole passage fits: half its best quote, half the passage's middle."""
    relevance = np.empty(len(pool), np.float32)
    ids = np.array([quote.passage_id for quote in pool])
    for passage_id in set(ids):
        rows = ids == passage_id
        middle = meaning[rows].mean(axis=0)
        relevance[rows] = (np.max(meaning[rows] @ asked) + middle @ asked / np.linalg.norm(middle)) / 2
    return relevance


def _same(one: Quote, other: Quote, likeness: float) -> bool:
    return likeness >= ALIKE or not set(one.sentences).isdisjoint(other.sentences)


def _marked(quote: Quote) -> str:
    return " ".join(
        f"{sentence} [{quote.passage_id}]{'' if sentence.endswith('!') else '.'}" for sentence in quote.sentences
    )


def _vary(lines: Sequence[str], said: str, told: Sequence[str]) -> str:
    """One of `lines`, by what was said, that has not been heard lately."""
    recent = " ".join(told[-len(lines) + 1 :]) if len(lines) > 1 else ""
    fresh = [line for line in lines if line not in recent] or list(lines)
    return fresh[zlib.crc32(said.encode()) % len(fresh)]


def _words(text: str) -> set[str]:
    """Content words, cut to their first six letters so that `walking` meets `walk`s of most kinds."""
    return {word[:6] for word in re.findall(r"[^\W_]{3,}", text.lower()) if word not in _STOP_WORDS}


def _flat(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
