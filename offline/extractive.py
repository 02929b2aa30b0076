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
from offline.passages import Commitment, Instructions, Quote, instructions, parse, quotes
from offline.phrases import (
    ASKED,
    ENGLISH_ONLY,
    HOW_DID_IT_GO,
    KEPT,
    MISSED,
    NO_PLAN,
    NOTHING_FOUND,
    OFFLINE,
    PROMISED,
    RECALLED,
    TOLD,
    TOPICS,
    Topic,
)

# Set on 90 typical messages against the sample lessons: trivia, recipes and printers score below, coaching above.
RELEVANCE_FLOOR = 0.35
TOPIC_FLOOR = 0.40
SURE = 0.6  # so close to "What's on this week?" that whatever was found of that collection is an answer
PASSAGES_WITHIN = 0.12  # of the best passage's relevance: what is further off is another subject
QUOTES_WITHIN = 0.10  # of the best quote's score
ALIKE = 0.88  # cosine above which two quotes say the same
MAX_QUOTES = 2
_SHORT, _LONG = 3, 4  # sentences in all: what the prompt asks for, and for the mode "framework"
MAX_QUOTED_WORDS = 40  # no second quote after a long one
FEW_WORDS = 2
# How many messages after a plan was made it may be asked after: when they greet again, and as they go on.
_BACK, _LATER = 2, 5

_OF_MODE = {topic.mode: topic for topic in TOPICS if topic.mode}
_QUIET = {"emotion", "low_intention"}  # nothing is asked and nothing suggested
_ANSWERING = {"education", "framework", "home_resources", "local_activities"}  # what was found comes first
_ADVICE = re.compile(
    r"\b(?:you|your|yourself|try|trying|let|should|consider)\b"
    r"|^(?:add|ask|choose|find|give|go|hold|keep|look|make|pick|plan|put|say|set|stand|start|take|tell|use|walk|write)\b",
    re.IGNORECASE,
)
# Of a feeling, a passage is quoted that speaks of one: "walking alone can be a pleasure" is no answer to a loss.
_OF_FEELING = re.compile(
    r"\b(?:afraid|anx\w+|ashamed|blam\w+|comfort\w*|confiden\w+|discourag\w+|embarrass\w*|fear\w*|feelings"
    r"|frighten\w*|frustrat\w+|grie\w+|guilt\w*|harsh\w*|judg\w+|kind(?:ly|ness)?|lone\w+|loss\w*|moods?|mourn\w*"
    r"|nerv\w+|sad\w*|scar(?:ed|y)|self-\w+|sham\w+|shy|stress\w*|understandable|upset\w*|worr\w+)\b",
    re.IGNORECASE,
)
_EXAMPLES = {example: topic for topic in TOPICS for example in topic.examples}
_ASKS = re.compile(
    r"\W*(?:what|which|who|whose|where|when|why|how|can|could|do|does|is|are|should|tell|show|give|help)\b", re.I
)

# What an answer to such a question holds (answer typing, as in Li and Roth, Learning Question Classifiers, 2002).
_NUMBER = (
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty"
    r"|half|once|twice)\b"
)
_ANSWER_TYPES = (
    (re.compile(r"\bwho(?:se)?\b", re.I), re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b")),
    (re.compile(r"\bhow (?:many|much|long|often|far)\b", re.I), re.compile(_NUMBER, re.I)),
)

_CARRIES_NO_TOPIC = (
    "about again also and any are but can could did does else for from get give had has have how just like long many "
    "maybe more much not often one other please really she should some sure tell than thank thanks that the them then "
    "there they thing things think this those too try was well what when where which who why will with would yeah yes "
    "you your"
)
# A social message by its words: "tomorrow morning then" is like "good morning", and greets nobody.
_SOCIAL = re.compile(
    r"\b(?:hello|hi|hiya|hey|greetings|good (?:morning|day|afternoon|evening|night)|how are you|(?:i'm|i am) back"
    r"|thank\w*|cheers|ta|grateful|obliged|great|lovely|nice|(?:good)?bye|farewell|see you|take care|talk soon"
    r"|talk to you)\b",
    re.I,
)
# "Does the programme say anything about vitamin D?" is only answered by what has the word.
_WHETHER_ABOUT = re.compile(
    r"\b(?:anything|something|much|a lesson|lessons|a word|you|programme|program|course|material|lessons?) "
    r"(?:(?:do|does|have|has|got|say|says|tell|know|there|is|at all|to say) )*(?:(?:anything|something|much) )?"
    r"(?:about|on|mention|mentions|cover|covers)\s+(?P<subject>[^.?!,;]+)",
    re.I,
)
_STOP_WORDS = set(_CARRIES_NO_TOPIC.split())


@dataclass(frozen=True)
class Turn:
    """One earlier message; `role` is `user` or `assistant`."""

    role: str
    text: str


def answer(minilm: MiniLM, system: str, history: Sequence[Turn], said: str, *, foreign: bool = False) -> str:
    """The reply to `said`, never empty; each quoted sentence carries its passage's id in square brackets.

    `system` holds the mode, what is known of the person and the passages block, `history` is oldest first. `foreign`
    says that the person's own words were not English.
    """
    told = [turn.text for turn in history if turn.role == "assistant"]
    asked = instructions(system)
    notice = [line for line in (ENGLISH_ONLY if foreign else OFFLINE,) if _due(line, told)]
    if asked.recalls:
        return " ".join([_recalled(asked.commitment), *notice])
    topic, likeness = _topic(minilm, said, asked.mode)
    if asked.mode in _OF_MODE and topic.mode != asked.mode:
        topic = _OF_MODE[asked.mode]
    quiet = asked.mode in _QUIET
    subject = _WHETHER_ABOUT.search(said) if _asks(said) and asked.mode in ("", "coaching", "education") else None

    passages, floor = parse(system), RELEVANCE_FLOOR
    listed = [passage for passage in passages if passage.collection == topic.collection]
    if listed and (likeness >= SURE or asked.mode == topic.mode):
        passages, floor = listed, 0.0
    pieces = [] if asked.mode == "low_intention" or topic.social else [quotes(passage) for passage in passages]
    if subject and not foreign:
        pieces = [found for found in pieces if _speaks_of(subject["subject"], found)]
    if quiet:
        pieces = [[quote for quote in found if not _ADVICE.search(" ".join(quote.sentences))] for found in pieces]
    if asked.mode == "emotion":
        pieces = [[quote for quote in found if _OF_FEELING.search(quote.context)] for found in pieces]
    vague = likeness >= SURE and not _words(said)
    chosen = _choose(minilm, pieces, floor, (vague and topic.query) or _query(history, said), told)

    closing = [] if quiet else _question(asked, topic, said, told, found=bool(chosen))
    room = (_LONG if asked.mode == "framework" else _SHORT) - len(notice)
    news = "" if quiet else _on_commitment(asked.commitment, told)
    opening = news or _vary(topic.reflections, said, told)
    # Nothing new was found; what is listed may be asked about again.
    again = bool(chosen) and floor > 0 and _flat(chosen[0].sentences[0]) in _flat(" ".join(told))
    wants_answer = (_asks(said) or asked.mode in _ANSWERING) and not (news or quiet or again or topic.social)
    lines = [] if wants_answer else [opening]
    if wants_answer and not chosen:
        lines = [_vary(NOTHING_FOUND, said, told)]
    kept = 0 if wants_answer or notice else len(closing)  # where there is room for one, a quote wins over a question
    for quote in chosen:
        if len(quote.sentences) <= room - kept - len(lines):
            lines += _marked(quote)
    closing = closing[: room - len(lines)]
    if wants_answer and len(lines) + len(closing) < room:
        lines.insert(0, opening)
    return " ".join([*lines[:1], *notice, *lines[1:], *closing])


def _on_commitment(commitment: Commitment | None, told: Sequence[str]) -> str:
    """What is said of a plan when it is made, and once when they tell whether they kept it."""
    if commitment is None:
        return ""
    if commitment.status == "open":
        return PROMISED.format(what=commitment.what) if commitment.turns == 0 else ""
    line = KEPT if commitment.status == "done" else MISSED
    return line if commitment.news and _due(line, told) else ""


def _recalled(commitment: Commitment | None) -> str:
    """What is said when they ask for their plan."""
    return RECALLED[commitment.status].format(what=commitment.what) if commitment else NO_PLAN


def _question(asked: Instructions, topic: Topic, said: str, told: Sequence[str], *, found: bool) -> list[str]:
    """The question at the end, if any: once after a plan that is still open, else one that fits the topic."""
    plan = asked.commitment
    if plan and plan.status == "open" and asked.mode == "coaching":
        follow_up = HOW_DID_IT_GO.format(what=plan.what)
        fits = topic.greets or not (topic.social or _asks(said))
        if fits and plan.turns >= (_BACK if topic.greets else _LATER) and _due(follow_up, told):
            return [follow_up]
    if topic.questions or not found:
        return [_vary(topic.questions or TOLD.questions, said, told)]
    return []


def _due(line: str, told: Sequence[str]) -> bool:
    return not any(line in text for text in told)


def _speaks_of(subject: str, found: Sequence[Quote]) -> bool:
    """Whether a passage has at least half of the words that name the subject, or whatever stands for them."""
    wanted = {word.rstrip("s") for word in _words(subject)}
    held = _words(" ".join(quote.context for quote in found))
    return 2 * sum(any(word.startswith(each) for word in held) for each in wanted) >= len(wanted)


def _asks(said: str) -> bool:
    return "?" in said or bool(_ASKS.match(said))


def _topic(minilm: MiniLM, said: str, mode: str) -> tuple[Topic, float]:
    """What `said` is about, and how close it comes to an example of that, as a cosine.

    A topic is left out that the message is not worded as, or that has no place in the mode.
    """
    likeness = minilm.embed_cached(list(_EXAMPLES)) @ minilm.embed([said]).vectors[0]
    social = _SOCIAL.search(said.replace("\u2019", "'"))
    unfit = [
        (topic.social and not social) or (topic.mode == "low_intention" and mode not in ("", topic.mode))
        for topic in _EXAMPLES.values()
    ]
    likeness = np.where(unfit, 0, likeness)
    best = int(np.argmax(likeness))
    if likeness[best] >= TOPIC_FLOOR:
        return list(_EXAMPLES.values())[best], float(likeness[best])
    return (ASKED if _asks(said) else TOLD), 0.0


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
    heard = _flat(" ".join(told))
    fresh = [quote for quote in pool if not any(_flat(text) in heard for text in quote.sentences)]
    if not fresh and len(pool) <= MAX_QUOTES:
        return pool  # what was named just now is asked about
    asked = minilm.embed([query]).vectors[0]
    meaning = minilm.embed_cached([quote.context for quote in pool])
    relevance = _relevance(pool, meaning, asked)
    best = float(relevance.max())
    if best < floor:
        return []
    near = [index for index in range(len(pool)) if relevance[index] >= max(floor, best - PASSAGES_WITHIN)]
    near = [index for index in near if pool[index] in fresh] or near

    wanted = _words(query)
    firsts = {passage[0] for passage in found if passage}
    score = {
        index: 0.45 * float(meaning[index] @ asked)
        + 0.4 * float(relevance[index])
        + 0.15 * len(wanted & _words(pool[index].context)) / max(1, len(wanted))
        + 0.02 * (pool[index] in firsts)  # a passage opens with what it is about
        + 0.10 * _of_the_kind_asked(query, pool[index])
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


def _of_the_kind_asked(query: str, quote: Quote) -> bool:
    """Whether the quote holds a name where the question is who, a number where it is how much."""
    text = " ".join(quote.sentences)
    return any(question.search(query) and answer.search(text) for question, answer in _ANSWER_TYPES)


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


def _marked(quote: Quote) -> list[str]:
    return [f"{sentence} [{quote.passage_id}]{'' if sentence.endswith('!') else '.'}" for sentence in quote.sentences]


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
