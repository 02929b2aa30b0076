"""Where to look for an answer: which collections, and with which words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coach.turn import Message
from rag.plan import Plan

PASSAGES = 6
ENOUGH_WORDS = 2
_WORD = re.compile(r"\w+")

_AT_HOME = re.compile(
    r"\b(?:(?:at|from) home|home (?:workouts?|exercises?)|indoors|living room|kitchen|(?:in|on|from) (?:a|my) chair"
    r"|videos?|youtube|playlists?|blogs?|à la maison|chez moi|en casa)\b",
    re.IGNORECASE,
)
_OUT_THERE = re.compile(
    r"\b(?:class(?:es)?|groups?|clubs?|leagues?|near (?:me|here|us|by)|nearby|around here|in town|what's on|sign up"
    r"|drop[- ]in|(?:community|rec(?:reation)?) cent(?:re|er)|pool"
    r"|where (?:can|could) (?:i|we) (?!read|learn|find (?:out|more))|where (?:is|are) (?:the|there)"
    r"|what time (?:is|does)|(?:which|what) days?|when (?:is|are) (?:the|it|they|there)"
    r"|cours|près d[e']|(?<!d')où|clases?|cerca|(?<!de )dónde)\b",
    re.IGNORECASE,
)
# These carry no topic. A message with hardly any other word ("and how often?") leans on the one before it.
_EMPTY = re.compile(
    r"\b(?:a|about|again|also|am|an|and|any|are|as|at|be|been|but|can|could|did|do|does|else|ever|for|from|get|give|go"
    r"|had|has|have|he|help|how|i|if|in|is|it|its|just|like|long|many|maybe|me|more|much|my|no|not|of|often|oh|ok|okay"
    r"|on|ones?|or|other|please|really|she|so|some|sounds|sure|tell|than|thanks?|that|the|them|then|there|they|things?"
    r"|think|this|those|to|too|try|us|was|we|well|what|when|where|which|who|why|will|with|would|yeah|yes|you|your"
    r"|[dmst]|ll|re|ve)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Route:
    """The mode of the turn, the words to search with and where."""

    mode: str
    query: str
    plan: Plan


def route(text: str, history: Sequence[Message]) -> Route:
    """Choose collections from the person's wording; a short follow-up is read together with what they said before."""
    text = text.replace("\u2019", "'")
    query = text
    if len(_WORD.findall(_EMPTY.sub(" ", text))) < ENOUGH_WORDS:
        before = next((message.text for message in reversed(history) if message.role == "user"), "")
        query = f"{before} {text}".strip()
    for wording in (text, query):  # the newest words decide; the ones before only where these are silent
        if _AT_HOME.search(wording):
            return Route("home_resources", query, Plan(collections=("resources",), limit=PASSAGES))
        if _OUT_THERE.search(wording):
            return Route("local_activities", query, Plan(collections=("activities",), limit=PASSAGES))
    return Route("coaching", query, Plan(limit=PASSAGES))
