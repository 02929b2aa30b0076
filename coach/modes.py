"""The modes of a conversation, and the rules of each as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NOTHING_TO_SAY = (
    "I'm sorry, I could not put together an answer to that just now. "
    "Could you ask it again, perhaps in different words?"
)


@dataclass(frozen=True)
class Mode:
    """`style` is told to the model; the other rules are checked on what it says (see `coach.rules`).

    `questions` and `sentences` are the most that a reply may have; `pushes` says whether it may suggest doing things.
    `fallback` is said when nothing of the model's answer may be. `collections` are searched, `science` takes in the
    science modules. A `canned` mode is answered without a model (see `coach.canned`).
    """

    style: str = ""
    questions: int = 1
    pushes: bool = True
    sentences: int = 3
    collections: tuple[str, ...] = ()
    science: bool = False
    names_framework: bool = False
    fallback: str = NOTHING_TO_SAY
    canned: bool = False


MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "coaching": Mode(
            style="Start from what they said. Offer one small next step that fits their day, or two to choose from. "
            "End with one open question at most.",
            collections=("lessons", "activities", "resources"),
        ),
        "low_intention": Mode(
            style="They do not want to be active, and that is theirs to decide. Show that you heard it, without "
            "arguing, advice, praise or questions; you may leave one fact from a passage with them.",
            questions=0,
            pushes=False,
            collections=("lessons",),
            fallback="Thank you for saying so plainly. This is your decision, and I respect it.",
        ),
        "emotion": Mode(
            style="They speak of a feeling. Name it kindly and make it normal, if a passage helps with a fact from "
            "it. No questions, no advice, no suggestions, nothing to do.",
            questions=0,
            pushes=False,
            collections=("lessons",),
            fallback="Thank you for telling me. Feelings like this are hard, and many people know them.",
        ),
        "education": Mode(
            style="They want to know something. Explain it in plain words from the passages, and name what the "
            "passages leave open.",
            collections=("lessons",),
        ),
        "framework": Mode(
            style="They ask about the framework behind this programme, Multi-Process Action Control (M-PAC): here, and "
            "only here, speak of it by name. Explain what they asked in plain words from the passages.",
            sentences=4,
            collections=("lessons",),
            science=True,
            names_framework=True,
        ),
        "home_resources": Mode(
            style="They want something to do at home. Name up to two resources from the passages by their titles and "
            "say how each begins.",
            collections=("resources",),
        ),
        "local_activities": Mode(
            style="They look for something to join or a place to go. Name up to two activities from the passages with "
            "place, time and cost as they stand there.",
            collections=("activities",),
        ),
        "sources": Mode(collections=("lessons",), science=True, canned=True),
        "lesson_overview": Mode(canned=True),
        "lesson_lookup": Mode(collections=("lessons",), science=True, canned=True),
        "technical_support": Mode(canned=True),
        "chatbot_help": Mode(canned=True),
        "out_of_scope": Mode(canned=True),
    }
)
