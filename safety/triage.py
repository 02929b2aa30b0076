"""Is this an emergency, a crisis, a matter for medical caution, or none?

Decided by tables that a clinician can read, and by a fixed second opinion (:mod:`safety.opinion`) where these are
silent: nobody can list all the ways in which a person may say that they are in danger. No language model has a say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safety.cues import CUES, any_of
from safety.evidence import evidence
from safety.language import Language, language_of
from safety.normalise import passages, words
from safety.opinion import Opinion
from safety.patterns import Hit, Table, keys
from safety.scope import Scope
from safety.tables import read
from safety.words import WORDS

Category = Literal["emergency", "crisis", "medical_caution", "none"]
LOCALES = ("CA", "US", "UK", "AU", "OTHER")

# Cautions that people ask about without having them ("does walking lower blood pressure").
_TOPICS = frozenset({"condition", "blood_pressure", "fall"})

# Emergencies whose words despair uses too ("all I think about is dying"): beside a crisis they are that crisis.
_YIELDS = frozenset({"other_red_flags", "thunderclap_headache"})

# From these shares on the second opinion counts; chosen by its figures on files that it was not trained on
# (docs/safety.md). Below an alarm lies a hint: coaching goes on, with one sentence that says whom to turn to.
_GRAVE = 0.35
_GRAVE_NOT_CAUTION = 0.45
_GRAVE_AGAINST_TABLES = 0.45
_HINT = 0.11
_CAUTION = 0.4
_NO_CAUTION = 0.9
_NOT_GRAVE = 0.85
_ONLY_CAUTION = 0.85
_EMERGENCY_NOT_CRISIS = 0.9
_LEARNED = "second_opinion"

# Rules whose name begins so are only signs: two different ones in a message count, one is ordinary talk.
_SIGN = "weak_"


def _table(name: str) -> Table:
    text = read(name)
    return Table(text.rules, {**WORDS, **text.words})


_IDIOMS = _table("idioms")
_EMERGENCY = _table("emergency")
_CRISIS = _table("crisis")
_CAUTIONS = _table("caution")
_OPINION = Opinion.read("triage")
_ONLY_COURTESY = re.compile(rf"(?: (?:{any_of(CUES['courtesy'])}|[,.]))+ ")


@dataclass(frozen=True)
class Triage:
    """What a text calls for.

    Attributes:
        category: the gravest that fired; an emergency that is also a crisis is an emergency (minutes count).
        matched: names of the rules that fired, sorted, or `second_opinion`; never a word of the text.
        locale: whose services the texts name.
        language: the language to answer in.
        with_crisis: an emergency in which crisis rules fired too, or a caution for a hint of a crisis: its text names
            the crisis line.
    """

    category: Category
    matched: tuple[str, ...]
    locale: str
    language: Language
    with_crisis: bool = False

    @property
    def grave(self) -> bool:
        """Emergency or crisis: the fixed text is the whole answer."""
        return self.category in ("emergency", "crisis")


def triage(text: str, locale: str = "CA") -> Triage:
    """Sort `text` (anything, any length) by what it calls for; `locale` is the `SAFETY_LOCALE` in force.

    Raises:
        ValueError: `locale` is not one of `LOCALES`.
    """
    if locale not in LOCALES:
        raise ValueError(f"SAFETY_LOCALE {locale!r} is not known; use one of {', '.join(LOCALES)}")
    found = words(text)
    cut = passages(found)
    fired: dict[Category, set[str]] = {"emergency": set(), "crisis": set(), "medical_caution": set()}
    softened = False  # something grave was named, and what stands around it makes it a caution
    pardoned = False  # something grave was named, and what stands around it says that it is none
    for passage in cut:
        held = keys(passage)
        plain = _IDIOMS.masked(passage, held)
        pardoned = pardoned or plain != passage
        for table, judge in ((_EMERGENCY, _emergency), (_CRISIS, _crisis), (_CAUTIONS, _caution)):
            for hit in table.hits(plain, held):
                verdict = judge(hit.rule, _scope(plain, hit))
                if verdict != "none":
                    fired[verdict].add(hit.rule)
                if table is not _CAUTIONS:
                    pardoned = pardoned or verdict == "none"
                    softened = softened or verdict == "medical_caution"
    emergency, crisis = _settled(fired["emergency"]), _settled(fired["crisis"])
    if crisis and emergency <= _YIELDS:
        emergency = frozenset()
    category: Category = "emergency" if emergency else "crisis" if crisis else "none"
    matched: frozenset[str] = emergency | crisis
    if not matched and fired["medical_caution"]:
        category, matched = "medical_caution", frozenset(fired["medical_caution"])
    with_crisis = bool(emergency and crisis)
    second, hint = _weighed(category, cut, pardoned=pardoned)
    if second != category and not (softened and second == "none"):
        with_crisis = hint or (category == "crisis" and second == "emergency")
        category, matched = second, frozenset() if second == "none" else frozenset({_LEARNED})
    return Triage(category, tuple(sorted(matched)), locale, language_of(found), with_crisis)


def _weighed(category: Category, cut: Sequence[str], *, pardoned: bool) -> tuple[Category, bool]:
    """The category after the second opinion on the gravest passage, and whether it is a caution for a hint of a crisis.

    `pardoned`: the tables excused something grave.
    """
    opinions = [_OPINION.of(evidence(passage)) for passage in cut if not _ONLY_COURTESY.fullmatch(passage)]
    if not opinions:
        return category, False
    opinion = max(opinions, key=lambda each: each["emergency"] + each["crisis"])
    if category in ("emergency", "crisis"):
        return _confirmed(category, opinion), False
    grave, caution = opinion["emergency"] + opinion["crisis"], opinion["medical_caution"]
    cautious = category == "medical_caution" or caution > opinion["none"]
    least = _GRAVE_AGAINST_TABLES if pardoned else _GRAVE_NOT_CAUTION if cautious else _GRAVE
    if grave >= least:
        return "emergency" if opinion["emergency"] >= opinion["crisis"] else "crisis", False
    if category == "none" and not pardoned and (grave >= _HINT or grave + caution >= _CAUTION):
        return "medical_caution", opinion["crisis"] >= max(_HINT, opinion["emergency"], caution)
    if category == "none" and grave + caution >= _GRAVE_AGAINST_TABLES:
        return "medical_caution", False
    return "none" if opinion["none"] >= _NO_CAUTION else category, False


def _confirmed(category: Category, opinion: Mapping[str, float]) -> Category:
    """An alarm of the tables, or what the opinion is all but certain of instead."""
    if opinion["none"] >= _NOT_GRAVE:
        return "none"
    if opinion["none"] + opinion["medical_caution"] >= _ONLY_CAUTION:
        return "medical_caution"
    # Never the other way: despair that has swallowed its pills is an emergency first.
    return "emergency" if opinion["emergency"] >= _EMERGENCY_NOT_CRISIS else category


def _settled(rules: set[str]) -> frozenset[str]:
    """The rules that count: signs only when there are two of them, or something that is more than a sign."""
    signs = {rule for rule in rules if rule.startswith(_SIGN)}
    return frozenset(rules if len(signs) > 1 else rules - signs)


def _scope(passage: str, hit: Hit) -> Scope:
    start = passage.rfind(" . ", 0, hit.start)
    start = 0 if start < 0 else start + 2
    stop = passage.find(" . ", hit.end - 1)
    stop = len(passage) if stop < 0 else stop + 1
    return Scope(passage[start : hit.start], passage[hit.start : hit.end], passage[hit.end : stop])


def _emergency(rule: str, scope: Scope) -> Category:
    if scope.denied or scope.told:
        return "none"
    if rule == "overdose_or_poisoning" and scope.intended:
        return "none"  # not swallowed yet: the crisis table has it
    verdict: Category = "emergency"
    if scope.long_ago or scope.over:
        verdict = "none" if scope.about_other else "medical_caution"
    elif scope.supposed:
        verdict = "medical_caution"
    elif scope.feared or scope.asked_about:
        verdict = "none"
    elif scope.mild_and_rare:
        verdict = "medical_caution"
    if rule.startswith(_SIGN) and (verdict != "emergency" or scope.habitual):
        return "none"
    return verdict


def _crisis(rule: str, scope: Scope) -> Category:
    if scope.denied or scope.told:
        return "none"
    if rule == "own_death" and (scope.about_other or scope.feared):
        return "none"  # somebody else's death, or the fear that keeps people walking
    if scope.long_ago and scope.about_other:
        return "none"
    return "medical_caution" if scope.long_ago and scope.over else "crisis"


def _caution(rule: str, scope: Scope) -> Category:
    if rule in _TOPICS and scope.asked_about and not scope.asks_if_safe:
        return "none"
    past = scope.long_ago and scope.over
    return "none" if scope.denied or scope.told or scope.about_other or scope.easing or past else "medical_caution"
