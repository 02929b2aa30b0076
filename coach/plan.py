"""Where to look for an answer, by mode, and what of the findings suits the person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coach.citations import last_cited
from coach.modes import MODES, Mode
from coach.turn import Citation, Message, State
from rag.passage import Hit
from rag.plan import Plan
from rag.retriever import Retriever

PASSAGES = 6

# "What's in it for me?" has no word that any passage has.
_FOR_ME = re.compile(
    r"\bwhat(?:['\u2019]s| is| would be| might be) in it for (?:me|us|someone like me)\b"
    r"|\bwhat (?:do|would|will|can|could) (?:I|we) (?:get|gain) (?:out of|from) (?:it|that|this|doing it)\b",
    re.IGNORECASE,
)
_BENEFITS = "what good does moving do me"

# Activities as the state names them, by the words of listings.
_LISTED_AS = {
    "walking": r"walk\w*|stroll\w*|hik\w+|nordic",
    "strength": r"strength|weights?|resistance",
    "mobility": r"stretch\w*|mobility|yoga|tai chi|pilates",
    "cycling": r"cycl\w+|bik(?:e|es|ing)|e-bike",
    "swimming": r"sw[iau]m\w*|aqua\w*|pool|lengths",
    "dance": r"danc\w+|zumba",
    "golf": r"golf\w*",
    "pickleball": r"pickleball",
}


# A question after the activity just named: what it costs, when and where it is, what it takes.
_OF_IT = re.compile(
    r"\b(?:how much (?:do(?:es)? |would |will )?(?:is |are )?(?:it|that|they|those|these|this one)(?: cost| be)?"
    r"|what (?:do(?:es)? )?(?:it|that|they|those) costs?|what(?:'s| is) the (?:price|cost|fee)"
    r"|(?:when|where|what (?:time|days?)) (?:do(?:es)? |is |are )(?:it|that|they|those|these)"
    r"(?: start| begin| meet| end| on| held)?"
    r"|(?:is|are) (?:it|that|they|those) free|do i (?:need|have) to (?:book|bring|sign up|register)\b[^,.?!]*)"
    r"(?= *(?:$|[,.;?!]|and\b|or\b|then\b|please\b|each\b|exactly\b))"
    r"|^\W*(?:and )?(?:how much|what time|where exactly)\W*$",
    re.IGNORECASE,
)


def plan(retriever: Retriever, text: str, history: Sequence[Message], mode: Mode) -> Plan:
    """What to search for. A follow-up is read with what the person said before, or is of the activities just named.

    Raises:
        RagError: when there is no usable index, or Qdrant does not answer.
    """
    said = [message.text for message in history if message.role == "user"]
    if mode is MODES["sources"]:
        return Plan(_query(last_cited(history)), mode.collections, PASSAGES)
    if "activities" in mode.collections and _OF_IT.search(text) and (named := _just_named(history)):
        return Plan(_query(named), ("activities",), len(named))
    text = _FOR_ME.sub(_BENEFITS, text)
    science = True if mode.science else None  # else the words decide
    return retriever.plan(text, before=said, collections=mode.collections, science=science, limit=PASSAGES)


def _query(cited: Sequence[Citation]) -> str:
    """Words that find what was cited."""
    return "\n".join(f"{citation.title}: {citation.quote}" for citation in cited)


def _just_named(history: Sequence[Message]) -> list[Citation]:
    """The activities that the answer before named."""
    if not history or history[-1].role != "assistant":
        return []
    return [citation for citation in history[-1].citations if citation.collection == "activities"]


def suitable(hits: Sequence[Hit], state: State) -> list[Hit]:
    """What meets all that was asked if anything does, without what the person has turned down."""
    hits = [hit for hit in hits if not hit.relaxed] or hits
    words = "|".join(_LISTED_AS[name] for name in state.disliked if name in _LISTED_AS)
    if not words:
        return list(hits)
    disliked = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    return [
        hit for hit in hits if hit.passage.collection == "lessons" or not disliked.search(hit.passage.embedded_text)
    ]
