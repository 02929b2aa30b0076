"""The rules of a mode, checked on each sentence of a reply and repaired there: the person only ever sees kept rules."""

from __future__ import annotations

import re

from coach.modes import Mode

# A question that only asks for a nod: the rest of the sentence stands without it.
_TAG = re.compile(
    r",?\s+(?:(?:is|are|do|does|did|ca|could|would|wo|has|have|was|were)n't (?:it|they|you|we|that|there|he|she)"
    r"|(?:is|are|do|does|can|would) (?:it|they|you|we)|right|okay|ok|yes|no|eh|you know|n'est-ce pas|non"
    r"|(?:¿\s*)?verdad)\s*\?$",
    re.IGNORECASE,
)
# What asks a person to do something. Words are enough: a sentence too many is left out, never a push let through.
_PUSH = re.compile(
    r"\b(?:try|consider|explore|how about|what about|why not|perhaps you|maybe you|let's|let us|would you"
    r"|have you (?:tried|thought)|you (?:could|might|may|can|should|must|will want|need to|ought to|have to|'d better)"
    r"|it(?:'s| is) time to|start (?:with|by|small|today|now)|begin (?:with|by)|give (?:it|this|that) a (?:go|try)"
    r"|aim (?:for|to)|make sure|remember to|don't forget|set (?:a|your|yourself)"
    r"|if you (?:want|wish|like|decide|ever|feel ready|are open|are ready)|when you(?:'re| are| feel) ready"
    r"|i(?:'d| would)? (?:suggest|recommend|encourage)"
    r"|essayez|pourriez|pourquoi pas|pourquoi ne pas|et si vous|vous devriez|commencez|je vous (?:suggère|conseille)"
    r"|pruebe|intente|podría|debería|por qué no|qué tal si|empiece|le (?:sugiero|recomiendo))\b"
    r"|^\W*(?:add|ask|aim|begin|book|call|choose|do|find|get|give|go|hold|join|keep|lift|look|make|march|move|pick|plan"
    r"|place|practi[sc]e|put|raise|sit|stand|start|stop|stretch|swing|take|talk|tell|think of|use|walk|write)\b"
    r"(?! (?:is|are|was|can)\b)",
    re.IGNORECASE,
)
_FRAMEWORK = re.compile(
    r"\bM-?PAC\b|\bmulti-?process action control\b|\b(?:reflexive|reflective|regulatory) (?:process|layer|phase|stage)",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"\*\*|__|^\s*(?:#+|[-*•]|\d{1,2}[.)])\s+", re.MULTILINE)


class Rules:
    """Keeps the rules of one mode over one reply."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._questions = 0
        self._sentences = 0

    def kept(self, sentence: str) -> str:
        """The sentence as it may be said, "" when the mode has no place for it."""
        text = _MARKDOWN.sub("", sentence).strip()
        if self._sentences == self._mode.sentences or (not self._mode.names_framework and _FRAMEWORK.search(text)):
            return ""
        if _asks(text) and self._questions == self._mode.questions:
            text = _TAG.sub(".", text)
        if _asks(text) and self._questions == self._mode.questions:
            return ""
        if not self._mode.pushes and _PUSH.search(text.replace("\u2019", "'")):
            return ""
        self._questions += _asks(text)
        self._sentences += 1
        return text


def _asks(text: str) -> bool:
    return "?" in text
