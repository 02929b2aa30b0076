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


def asks_for_plan(text: str) -> bool:
    """Whether the message asks what the person said they would do."""
    return _ASKED.search(" ".join(words(in_english(text)))) is not None
