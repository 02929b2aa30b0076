"""Screens what the model says, by the sentence: a coach never diagnoses, doses, clears, or talks a person into harm.

Source of the rules: the scope of practice of a non-clinical coach (CSEP Certified Personal Trainer: no diagnosis, no
prescription of medicines, no medical clearance) and the stop signs of the Get Active Questionnaire. Wordings:
`safety/tables/replies.txt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from safety.evidence import evidence
from safety.normalise import passages, words
from safety.opinion import Opinion
from safety.patterns import Table
from safety.tables import read

_TEXT = read("replies")
# What pardons a sentence -> the rules it pardons.
_PARDONS = {
    "disclaimer": {"diagnosis", "medication", "clearance", "harmful_advice"},
    "warning": {"diagnosis", "medication", "harmful_advice"},
    "condition": {"diagnosis"},
    "fact": {"medication", "clearance", "harmful_advice"},
}
_TO_PERSON = re.compile(" (?:you|your|vous|votre|vos|usted|su|sus) ")
_RULES = Table({name: block for name, block in _TEXT.rules.items() if name not in _PARDONS}, _TEXT.words)
_PARDONED = Table({name: _TEXT.rules[name] for name in _PARDONS}, _TEXT.words)


_OPINION = Opinion.read("replies")
_UNSAFE = 0.7  # by cross-validation: below 1 % of the sentences of the sample programme are taken for unsafe
_LEARNED = "second_opinion"


@dataclass(frozen=True)
class Screening:
    """`verdict` "replace" names the rule that a sentence broke (or `second_opinion`); "pass" has none."""

    verdict: Literal["pass", "replace"]
    rule: str | None


def screen_reply(sentence: str) -> Screening:
    """Judge one sentence (or a short reply) that the model wrote for a person."""
    for passage in passages(words(sentence)):
        for part in passage.split(" . "):
            rule = _broken(f" {part.strip()} . ")
            if rule:
                return Screening("replace", rule)
        if not any(_PARDONED.hits(passage)) and _OPINION.of(evidence(passage))["replace"] >= _UNSAFE:
            return Screening("replace", _LEARNED)
    return Screening("pass", None)


def _broken(sentence: str) -> str | None:
    broken = {hit.rule for hit in _RULES.hits(sentence)}
    if broken:
        for hit in _PARDONED.hits(sentence):
            if hit.rule != "fact" or not _TO_PERSON.search(sentence):
                broken -= _PARDONS[hit.rule]
    return min(broken, default=None)
