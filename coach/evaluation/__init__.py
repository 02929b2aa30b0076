"""How well the coach's judgements agree with labelled cases: one module a data set, each from rows to figures.

Rates are fractions, None where there is nothing to rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from coach.evaluation.cases import CasesError, Row, read_cases
from coach.evaluation.injection import injection
from coach.evaluation.intents import intents
from coach.evaluation.replies import replies
from coach.evaluation.safety import triage
from coach.evaluation.state import state

__all__ = ["NAMES", "SETS", "CasesError", "Row", "intents", "read_cases"]

SETS: dict[str, Callable[[Sequence[Row]], dict[str, Any]]] = {
    "safety": triage,
    "injection": injection,
    "state": state,
    "replies": replies,
}
# All data sets; `intents` needs a classifier beside the rows.
NAMES = (*SETS, "intents")
