"""The scripted conversations, through gunicorn, Celery, Valkey and the offline models."""

import re
from pathlib import Path

import pytest

from coach.evaluation.dialogues import Dialogue, hold, read_dialogues
from tests.e2e.client import Client

DIALOGUES = read_dialogues(Path(__file__).parents[1] / "data" / "dialogues.jsonl")


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue.id for dialogue in DIALOGUES])
def test_the_coach_answers_as_a_good_one_would(client: Client, dialogue: Dialogue) -> None:
    session = client.open_session()

    exchanges = hold(dialogue, lambda text: client.say(session, text))

    failed = [(exchange.said, exchange.text, exchange.failures) for exchange in exchanges if exchange.failures]
    assert not failed
    assert all(exchange.answer["status"] == "completed" for exchange in exchanges)


def test_the_conversation_of_the_documentation_goes_as_it_says_there(client: Client) -> None:
    text = (Path(__file__).parents[2] / "docs" / "coach.md").read_text(encoding="utf-8")
    turns = re.findall(r"> (.+)\n\n(.+?) *\n\*(\w+)(?:, (.+))?\*", text.partition("## A conversation")[2])
    assert len(turns) >= 10
    session = client.open_session()
    for said, answer, mode, cited in turns:
        job = client.say(session, said)
        assert job["output"]["text"] == answer, said
        assert job["coach"]["mode"] == mode, said
        assert [citation["id"] for citation in job["output"]["citations"]] == re.findall("`(.+?)`", cited), said
