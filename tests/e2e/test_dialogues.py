"""The scripted conversations, through gunicorn, Celery, Valkey and the offline models."""

from pathlib import Path
from typing import Any

import pytest

from coach.evaluation.dialogues import Dialogue, hold, read_dialogues
from tests.e2e.client import Client

DIALOGUES = read_dialogues(Path(__file__).parents[1] / "data" / "dialogues.jsonl")

NOT_YET = {
    "framework": "the passage that names the author is found, and the offline model quotes another sentence",
}


def _case(dialogue: Dialogue) -> Any:
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if (reason := NOT_YET.get(dialogue.id)) else []
    return pytest.param(dialogue, id=dialogue.id, marks=marks)


@pytest.mark.parametrize("dialogue", [_case(dialogue) for dialogue in DIALOGUES])
def test_the_coach_answers_as_a_good_one_would(client: Client, dialogue: Dialogue) -> None:
    session = client.open_session()

    exchanges = hold(dialogue, lambda text: client.say(session, text))

    failed = [(exchange.said, exchange.text, exchange.failures) for exchange in exchanges if exchange.failures]
    assert not failed
    assert all(exchange.answer["status"] == "completed" for exchange in exchanges)
