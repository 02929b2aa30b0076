"""Is this an emergency, a crisis, a matter for medical caution, or none? Decided by tables, never by a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from safety.language import Language, language_of
from safety.normalise import passages, words
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

# Rules whose name begins so are only signs: two different ones in a message count, one is ordinary talk.
_SIGN = "weak_"


def _table(name: str) -> Table:
    text = read(name)
    return Table(text.rules, {**WORDS, **text.words})


_IDIOMS = _table("idioms")
_EMERGENCY = _table("emergency")
_CRISIS = _table("crisis")
_CAUTION = _table("caution")


@dataclass(frozen=True)
class Triage:
    """What a text calls for.

    Attributes:
        category: the gravest that fired; an emergency that is also a crisis is an emergency (minutes count).
        matched: names of the rules that fired, sorted; never a word of the text.
        locale: whose services the texts name.
        language: the language to answer in.
        with_crisis: an emergency in which crisis rules fired too: its text names the crisis line as well.
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
    fired: dict[Category, set[str]] = {"emergency": set(), "crisis": set(), "medical_caution": set()}
    for passage in passages(found):
        held = keys(passage)
        plain = _IDIOMS.masked(passage, held)
        for table, judge in ((_EMERGENCY, _emergency), (_CRISIS, _crisis), (_CAUTION, _caution)):
            for hit in table.hits(plain, held):
                verdict = judge(hit.rule, _scope(plain, hit))
                if verdict != "none":
                    fired[verdict].add(hit.rule)
    emergency, crisis = _settled(fired["emergency"]), _settled(fired["crisis"])
    if crisis and emergency <= _YIELDS:
        emergency = frozenset()
    category: Category = "emergency" if emergency else "crisis" if crisis else "none"
    matched: frozenset[str] = emergency | crisis
    if not matched and fired["medical_caution"]:
        category, matched = "medical_caution", frozenset(fired["medical_caution"])
    return Triage(category, tuple(sorted(matched)), locale, language_of(found), bool(emergency and crisis))


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
    return "none" if scope.denied or scope.told or scope.about_other or scope.easing else "medical_caution"
