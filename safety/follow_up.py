"""What a message owes to the one before it: "it's gone now, shall I go on?" is no question of its own."""

from __future__ import annotations

from dataclasses import replace

from safety.cues import cue
from safety.normalise import words
from safety.triage import Triage, triage

_FOLLOWS_UP = "follow_up"
# Cautions beside which a coach may still say what the programme says to everybody.
_OURS = frozenset({"condition", "blood_pressure", "pain_or_swelling", "fall", "unwell_or_question", "second_opinion"})


_ASKS_LEAVE = cue("asks leave")
_ASKS_DOSE = cue("asks dose")
_HAS_PASSED = cue("has passed")


def triage_after(before: str, text: str, locale: str = "CA") -> Triage:
    """Triage of `text` by somebody whose message before it was `before` ("" if there was none).

    Where that was an emergency or a matter for caution, and this one only says that it has passed or asks leave to be
    active, the caution goes on.

    Raises:
        ValueError: as :func:`safety.triage.triage`.
    """
    found = triage(text, locale)
    if found.grave or not before or not (_asks_leave(text) or _HAS_PASSED.search(_plain(text))):
        return found
    if triage(before, locale).category not in ("emergency", "medical_caution"):
        return found
    return replace(found, category="medical_caution", matched=(_FOLLOWS_UP,), with_crisis=False)


def asks_what_is_not_ours(found: Triage, text: str) -> bool:
    """Whether a caution asks leave to be active or to change a medicine: nothing a coach says may sound like it."""
    if "medication" in found.matched and _ASKS_DOSE.search(_plain(text)):
        return True
    return not _OURS.issuperset(found.matched) and _asks_leave(text)


def _asks_leave(text: str) -> bool:
    return bool(_ASKS_LEAVE.search(_plain(text)))


def _plain(text: str) -> str:
    return f" {' '.join(words(text))} "
