from __future__ import annotations

import httpx2
import pytest

from coach.model import Completion
from tests.unit.coach.coach_model_api import ModelApi, Wire, said


def _ask(api: ModelApi, base_url: str) -> str:
    client = api.client().with_options(base_url=base_url, max_retries=0)
    return "".join(Completion(client, ["m"], [{"role": "user", "content": "Hi"}], lambda: 9.0, lambda _: None).pieces())


@pytest.mark.parametrize("host", ["api.openai.com", "eu.api.openai.com"])
def test_openai_is_asked_not_to_keep_what_was_said(host: str) -> None:
    api = ModelApi()
    api.streams(said("Hello."))
    _ask(api, f"https://{host}/v1")
    assert api.requests[0]["store"] is False


@pytest.mark.parametrize("host", ["model.example", "api.openai.com.example", "notapi.openai.com"])
def test_a_server_that_refuses_fields_it_does_not_know_is_not_sent_one(host: str) -> None:
    def strict(request: httpx2.Request) -> httpx2.Response:
        if "store" in api.requests[-1]:
            return httpx2.Response(422, json={"error": {"message": "Extra inputs are not permitted: store"}})
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Wire(said("Hello.")))

    api = ModelApi(strict)
    assert _ask(api, f"https://{host}/v1") == "Hello."
