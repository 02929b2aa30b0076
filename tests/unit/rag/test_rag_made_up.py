from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import numpy as np
import openai
import pytest

from rag import made_up
from rag.index import Index
from rag.passage import Passage
from rag.sayings import Saying
from tests.unit.rag.rag_helpers import PASSAGES


def answering(*answers: str) -> Callable[[str], str]:
    left = list(answers)
    return lambda _: left.pop(0)


def index(passages: list[Passage], *sayings: Saying) -> Index:
    return Index("m", passages, np.zeros((len(passages), 2), np.float32), sayings=sayings)


def test_each_passage_gets_the_questions_that_name_it() -> None:
    said = 'Here you are:\n{"balance-01": ["why do I wobble?", "  one  leg? "], "unknown": ["x"]}\nDone.'
    assert made_up.ask(PASSAGES, answering(said)) == {"balance-01": ("why do I wobble?", "one leg?")}


@pytest.mark.parametrize(
    "said", ["", "Sorry.", "{", "[]", '{"balance-01": "why?"}', '{"balance-01": [7, ""]}', '{"balance-01": null}']
)
def test_nonsense_leaves_a_passage_without_questions(said: str) -> None:
    assert made_up.ask(PASSAGES, answering(said)) == {}


def test_the_model_sees_the_passages_a_few_at_a_time() -> None:
    prompts = list[str]()
    many = [Passage(f"p-{number}", "lessons", "Title", f"Text {number}.") for number in range(12)]
    made_up.ask(many, lambda prompt: prompts.append(prompt) or "{}")  # type: ignore[func-returns-value]  # list.append
    assert len(prompts) == 3
    assert all(sum(f'"{passage.id}"' in prompt for prompt in prompts) == 1 for passage in many)


def test_questions_are_kept_for_what_has_not_changed() -> None:
    same, changed = PASSAGES[0], Passage("balance-02", "lessons", "Walking", "Another text.")
    before = index(
        PASSAGES[:3],
        Saying("one?", passage="balance-01", by_model=True),
        Saying("two?", passage="balance-01", by_model=True),
        Saying("changed?", passage="balance-02", by_model=True),
        Saying("gone?", passage="activity-001", by_model=True),
        Saying("written by hand?", passage="balance-01"),
    )
    assert made_up.kept(before, [same, changed]) == {"balance-01": ("one?", "two?")}


def test_after_a_failure_the_model_is_not_asked_again() -> None:
    requests = list[str]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(json.loads(request.content)["model"])
        return httpx2.Response(401, json={"error": {"message": "no"}})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = openai.OpenAI(api_key="k", base_url="http://model.test/v1", max_retries=0, http_client=http)
    chat = made_up.ChatModel(client, "some-model")
    assert [chat("a"), chat("b")] == ["", ""]
    assert isinstance(chat.failure, openai.AuthenticationError)
    assert requests == ["some-model"]
