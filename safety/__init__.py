"""Safety without a model: triage, fixed texts, screening of replies and of injected instructions."""

from safety.disguise import undisguised
from safety.injection import DETECTED, injection_score
from safety.replies import Screening, screen_reply
from safety.texts import caution_text, fixed_text
from safety.triage import Triage, triage

__all__ = [
    "DETECTED",
    "Screening",
    "Triage",
    "caution_text",
    "fixed_text",
    "injection_score",
    "screen_reply",
    "triage",
    "undisguised",
]
