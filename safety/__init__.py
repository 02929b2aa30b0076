"""Safety without a model: triage, fixed texts, screening of replies and of injected instructions."""

from safety.injection import injection_score
from safety.replies import Screening, screen_reply
from safety.texts import caution_text, fixed_text
from safety.triage import Triage, triage

__all__ = ["Screening", "Triage", "caution_text", "fixed_text", "injection_score", "screen_reply", "triage"]
