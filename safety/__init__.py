"""Safety without a model: triage, fixed texts, screening of replies and of injected instructions."""

from safety.disguise import undisguised
from safety.follow_up import asks_what_is_not_ours, triage_after
from safety.injection import DETECTED, injection_score
from safety.replies import Screening, screen_reply
from safety.texts import caution_text, fixed_text, not_ours_text
from safety.triage import Triage, triage

__all__ = [
    "DETECTED",
    "Screening",
    "Triage",
    "asks_what_is_not_ours",
    "caution_text",
    "fixed_text",
    "injection_score",
    "not_ours_text",
    "screen_reply",
    "triage",
    "triage_after",
    "undisguised",
]
