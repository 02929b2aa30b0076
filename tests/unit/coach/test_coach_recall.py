from __future__ import annotations

import pytest

from coach.intents import sharp
from coach.recall import asks_for_plan


@pytest.mark.parametrize(
    "text",
    [
        "What's my plan now?",
        "What did I say I'd do?",
        "Remind me, what did I promise?",
        "What have I got planned?",
        "Did I tell you what I'm doing on Friday?",
        "which day did I pick?",
        "What was it I said I'd do?",
        "Quel est mon plan?",
        "So when am I walking, and with whom?",
        "Who am I meeting on Friday?",
        "What are my plans?",
        "Qu\u2019est-ce que j\u2019avais prévu ?",
        "Rappelez-moi ce que j'ai promis",
        "¿Qué plan tengo?",
        "Entonces, ¿qué dije que iba a hacer?",
    ],
)
def test_asking_for_the_plan_is_noticed_and_is_coaching(text: str) -> None:
    assert asks_for_plan(text)
    assert sharp(text) == "coaching"


@pytest.mark.parametrize(
    "text",
    [
        "help me make a plan for next week",
        "What should I plan?",
        "How do I keep to my plan?",
        "What did you say I should do?",
        "What did I say about my knee?",
        "When I said I'd walk I meant it",
        "My plan is to walk on Friday",
        "What's on this week?",
        "Where am I going wrong?",
        "When am I walking enough?",
        "Qu'est-ce que j'ai dit sur mon genou ?",
        "J'ai fait ce que j'avais prévu",
        "Hice lo que dije",
        "¿Qué dije de mi rodilla?",
        "¿Qué plan tengo que seguir?",
    ],
)
def test_speaking_of_plans_is_not_asking_for_one(text: str) -> None:
    assert not asks_for_plan(text)
