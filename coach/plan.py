"""Where to look for an answer, by mode, and what of the findings suits the person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coach.citations import last_cited
from coach.gloss import in_english
from coach.modes import MODES, Mode
from coach.turn import Citation, Message, State
from rag.passage import Hit
from rag.plan import Plan
from rag.retriever import Retriever
from safety.normalise import words

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

_PLACES = {"first": 0, "second": 1, "third": 2, "last": -1}
_WHICH = rf"the (?P<place>{'|'.join(_PLACES)})(?: one| class| group| walk)?"
_IT = rf"(?:it|that|this one|that one|they|those|these|both|{_WHICH.replace('?P<place>', '?:')})"
_COMPANION = (
    r"(?:husband|wife|partner|friends?|sister|brother|daughter|son|neighbou?r|grand\w+|mother|dog|walker|stick)"
)
# Those that leave no doubt, in the plain form of `safety.normalise`, French and Spanish word by word in English.
_OF_LISTED = re.compile(
    rf"(?:\bhow much (?:(?:is|are|for) {_IT}|(?:does|do|would|will) {_IT} (?:cost|be))"
    rf"|\bwhat (?:does|do) {_IT} cost"
    rf"|\bhow many (?:is )?(?:it )?cost(?: {_IT})?|\bit is how many"
    rf"|\b(?:what time|what hour|when) (?:(?:does|do|will) {_IT}|it)? ?"
    r"(?:start|begin|meet|finish|end|empieza|comienza|commence)"
    rf"|\b(?:on|and) (?:which|what) days? (?:is|are) {_IT}(?: on| held)?"
    r"|^(?:and |is |are |there |so )*"
    r"(?:anything|something|any|(?:any|some|one|either|which) of (?:it|that|them|those|these))"
    r" (?:is |are )?(?:free|cheaper|cheap|for nothing|without cost)"
    rf"|\b(?:do|would|must|should) (?:i|we|you) (?:(?:need|have) to )?(?:book|reserve)"
    rf"(?: first| ahead| in advance| beforehand| for {_IT}| {_IT}| a (?:place|spot))?"
    rf"|\b(?:can|could|may) (?:i|we) bring (?:a |my |our |the )(?:\w+ )?{_COMPANION}(?: along| too| with me)?)"
    r"(?= ?(?:$|[,.;?!]|(?:and|or|then|please|each|exactly)\b))"
)


def asks_of_listed(text: str) -> bool:
    """Whether the message can only be about an activity just named: what it costs, when it is, who may come."""
    return _OF_LISTED.search(_plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(words(in_english(text)))


def plan(retriever: Retriever, text: str, history: Sequence[Message], mode: Mode) -> Plan:
    """What to search for. A follow-up is read with what the person said before, or is of the activities just named.

    Raises:
        RagError: when there is no usable index, or Qdrant does not answer.
    """
    said = [message.text for message in history if message.role == "user"]
    if mode is MODES["sources"]:
        return Plan(_query(last_cited(history)), mode.collections, PASSAGES)
    if "activities" in mode.collections and _of_named(text) and (named := _just_named(history)):
        named = _the_one_meant(text, named)
        return Plan(_query(named), ("activities",), len(named))
    text = _FOR_ME.sub(_BENEFITS, text)
    science = True if mode.science else None  # else the words decide
    return retriever.plan(text, before=said, collections=mode.collections, science=science, limit=PASSAGES)


def _query(cited: Sequence[Citation]) -> str:
    """Words that find what was cited."""
    return "\n".join(f"{citation.title}: {citation.quote}" for citation in cited)


def _of_named(text: str) -> bool:
    return _OF_IT.search(text) is not None or asks_of_listed(text)


def _the_one_meant(text: str, named: list[Citation]) -> list[Citation]:
    """The first, the second or the last of them where the message says so, else all."""
    which = re.search(rf"\b{_WHICH}\b", _plain(text))
    place = _PLACES[which["place"]] if which else None
    return [named[place]] if place is not None and place < len(named) else named


def _just_named(history: Sequence[Message]) -> list[Citation]:
    """The activities that the answer before named."""
    if not history or history[-1].role != "assistant":
        return []
    return [citation for citation in history[-1].citations if citation.collection == "activities"]


def suitable(hits: Sequence[Hit], state: State) -> list[Hit]:
    """What meets all that was asked if anything does, without what the person has turned down."""
    hits = [hit for hit in hits if not hit.relaxed] or hits
    turned_down = "|".join(_LISTED_AS[name] for name in state.disliked if name in _LISTED_AS)
    if not turned_down:
        return list(hits)
    disliked = re.compile(rf"\b(?:{turned_down})\b", re.IGNORECASE)
    return [
        hit for hit in hits if hit.passage.collection == "lessons" or not disliked.search(hit.passage.embedded_text)
    ]
