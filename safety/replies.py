"""Screens what the model says, by the sentence: a coach never diagnoses, doses, clears, or talks a person into harm.

Source of the rules: the scope of practice of a non-clinical coach (CSEP Certified Personal Trainer: no diagnosis, no
prescription of medicines, no medical clearance) and the stop signs of the Get Active Questionnaire. Wordings:
`safety/tables/replies.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from safety.normalise import passages, words
from safety.patterns import Table
from safety.tables import read

_TEXT = read("replies")
# What pardons a sentence -> the rules it pardons.
_PARDONS = {
    "disclaimer": {"diagnosis", "medication", "clearance", "harmful_advice"},
    "warning": {"diagnosis", "medication", "harmful_advice"},
    "condition": {"diagnosis"},
}
_RULES = Table({name: block for name, block in _TEXT.rules.items() if name not in _PARDONS}, _TEXT.words)
_PARDONED = Table({name: _TEXT.rules[name] for name in _PARDONS}, _TEXT.words)


@dataclass(frozen=True)
class Screening:
    """`verdict` "replace" names the rule that a sentence broke; "pass" has none."""

    verdict: Literal["pass", "replace"]
    rule: str | None


def screen_reply(sentence: str) -> Screening:
    """Judge one sentence (or a short reply) that the model wrote for a person."""
    for passage in passages(words(sentence)):
        for part in passage.split(" . "):
            rule = _broken(f" {part.strip()} . ")
            if rule:
                return Screening("replace", rule)
    return Screening("pass", None)


def _broken(sentence: str) -> str | None:
    broken = {hit.rule for hit in _RULES.hits(sentence)}
    if broken:
        for hit in _PARDONED.hits(sentence):
            broken -= _PARDONS[hit.rule]
    return min(broken, default=None)
