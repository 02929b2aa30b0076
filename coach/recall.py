"""Whether a person asks for the plan that they made."""

from __future__ import annotations

import re

from coach.gloss import in_english
from safety.normalise import words

_SET = (
    r"(?:say|said|tell you|told you|promised?|plan(?:ned)?|agreed?|decided?|settled? on|pick(?:ed)?|chosen?|choose"
    r"|commit(?:ted)?|sign(?:ed)? up for|set myself|put down|down for|going to do|meant to do"
    r"|supposed to (?:do|be doing))"
)
_PLAN = r"(?:my|our) (?:\w+ )?(?:plans?|promises?|commitments?)"
_ASKED = re.compile(  # in the plain form of `safety.normalise`
    rf"\b(?:what|when|which \w+|where|how (?:often|long|far)) (?:did|have|had|was|am|were) (?:i|we) (?:\w+ )?{_SET}\b"
    r"(?! about)"
    rf"|\b(?:what|when) (?:is|was) it (?:that )?(?:i|we) (?:\w+ )?{_SET}\b"
    rf"|\b(?:what|when) (?:is|was|are|were) (?:\w+ )?{_PLAN}\b|\bwhat (?:is|was) the plan (?:that )?(?:i|we) \w+"
    rf"|\b(?:remind|tell|give|show) (?:me )?(?:\w+ ){{0,2}}{_PLAN}\b"
    r"|\bremind me (?:\w+ )?(?:what|when|where|which \w+) (?:i|we)\b"
    r"|\b(?:did|have) i (?:\w+ )?(?:tell|told|say|said|mention|mentioned) (?:to )?(?:you )?"
    r"(?:what|when|where|which \w+) i (?:am|was|would|will|plan|want)\b"
    r"|\bdo you (?:\w+ )?(?:remember|know|recall) (?:what|when|where) i (?:said|planned|promised|am|was|would|will)\b"
    r"|\b(?:do i (?:\w+ )?have|have i (?:\w+ )?(?:made|got)|did i (?:\w+ )?make) (?:a|any) plans?\b"
)

_MOVING = (
    r"(?:walking|swimming|cycling|dancing|stretching|exercising|training|golfing|meeting|playing"
    r"|doing (?:it|that|this|my)|going (?:swimming|walking|dancing|cycling|out|for (?:a|my)|to the)|supposed to \w+)"
)
# "When am I walking?" asks when it was to be, "where am I going wrong" does not.
_WHEN_AM_I = re.compile(
    rf"\b(?:when|where|(?:what|which) (?:day|time)|with who(?:m)?|who) (?:is it (?:that )?i am|am i) {_MOVING}\b"
    r"(?! (?:too|enough|wrong))"
)
_ASKED_IN_FRENCH = re.compile(
    r"\b(?:qu est ce que|(?:quand|ou|quel jour) est ce que|c est quoi ce que"
    r"|rappel(?:le|ez|er) moi (?:ce que|quand|ou))"
    r" j (?:avais|ai|etais cense|etais censee) (?:\w+ )?"
    r"(?:prevu|promis|planifie|decide|choisi|convenu|fixe|faire|dit(?= ?(?:$|[.,]|que j)))"
    r"|\b(?:quels?|quelles?) (?:est|sont|etait|etaient) (?:deja )?(?:mon|mes) (?:plans?|projets?|engagements?)\b"
    r"|\bc (?:est|etait) quoi (?:deja )?mon plan\b|\brappel(?:le|ez|er) moi mon plan\b"
    r"|\bqu avais je (?:prevu|dit|promis)"
)
_SAID_IN_SPANISH = (
    r"(?:dije|prometi|decidi|planee|elegi|(?:he|habia|tenia) (?:dicho|prometido|decidido|planeado|previsto))"
)
_ASKED_IN_SPANISH = re.compile(
    rf"(?:^|[.,] )(?:(?:y|entonces|bueno|a ver|pero|oye) )*(?:(?:que|cuando|donde|que dia) (?:\w+ )?{_SAID_IN_SPANISH}"
    r"(?= ?(?:$|[.,]|que\b|hacer\b|para\b))"
    r"|que plan(?:es)? (?:tengo|tenia|hice|era|hay)(?! que)|(?:cual|cuales) (?:es|era|son|eran) mis? plan(?:es)?\b)"
    rf"|\brecuerd[ae]me (?:mi plan|(?:lo )?que {_SAID_IN_SPANISH})"
)


def asks_for_plan(text: str) -> bool:
    """Whether the message asks what the person said they would do."""
    english, own = " ".join(words(in_english(text))), " ".join(words(text))
    return any(pattern.search(english) for pattern in (_ASKED, _WHEN_AM_I)) or any(
        pattern.search(own) for pattern in (_ASKED_IN_FRENCH, _ASKED_IN_SPANISH)
    )
