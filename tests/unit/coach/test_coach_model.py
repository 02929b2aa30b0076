from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from coach.model import CoachError, Completion
from coach.turn import Usage
from tests.unit.coach.coach_model_api import ModelApi, event, said


@pytest.fixture
def api() -> ModelApi:
    return ModelApi()


@pytest.fixture
def client(api: ModelApi) -> openai.OpenAI:
    return api.client()


def completion(
    client: openai.OpenAI,
    model: str = "gpt-4o-mini",
    seconds: float = 30.0,
    spent: Callable[[Usage], None] = lambda usage: None,
) -> Completion:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How are you?"}]
    return Completion(client.with_options(max_retries=0), [model], messages, lambda: seconds, spent)


def test_text_arrives_in_pieces_and_usage_at_the_end(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams(said("Hello ", "there.", tokens=(12, 3)))
    call = completion(client)
    assert list(call.pieces()) == ["Hello ", "there."]
    assert call.usage == Usage(input_tokens=12, output_tokens=3)
    assert api.requests[0]["stream_options"] == {"include_usage": True}
    assert api.wire.closed


def test_what_a_call_costs_is_estimated_until_the_api_has_counted(api: ModelApi, client: openai.OpenAI) -> None:
    costs: list[Usage] = []
    api.streams(said("Hello ", "there.", tokens=(12, 3)))
    list(completion(client, spent=costs.append).pieces())
    assert costs == [
        Usage(3, 0, estimated=True),  # "How are you?" is 12 characters
        Usage(3, 2, estimated=True),
        Usage(3, 3, estimated=True),
        Usage(12, 3),
    ]


def test_a_call_that_was_refused_costs_nothing(api: ModelApi, client: openai.OpenAI) -> None:
    costs: list[Usage] = []
    api.answer = lambda request: httpx2.Response(429, json={"error": {"message": "busy", "type": "t"}})
    with pytest.raises(CoachError):
        list(completion(client, spent=costs.append).pieces())
    assert costs[-1] == Usage()


def test_a_reasoning_model_gets_no_temperature(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams(said("Hello."))
    list(completion(client, "gpt-4o-mini").pieces())
    list(completion(client, "o4-mini").pieces())
    list(completion(client, "gpt-5-mini").pieces())
    plain, *reasoning = api.requests
    assert {"temperature", "max_tokens"} <= plain.keys()
    for request in reasoning:
        assert "max_completion_tokens" in request
        assert not {"temperature", "max_tokens"} & request.keys()


@pytest.mark.parametrize(("status", "code"), [(404, "model_not_found"), (403, "model_not_found"), (404, None)])
def test_a_model_that_is_not_to_be_had_is_followed_by_the_next(
    api: ModelApi, client: openai.OpenAI, *, status: int, code: str | None
) -> None:
    api.streams(said("Hello.", tokens=(9, 1)))
    there, costs = api.answer, list[Usage]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if json.loads(request.content)["model"] == "gone":
            return httpx2.Response(status, json={"error": {"message": "no", "type": "t", "code": code}})
        return there(request)

    api.answer = answer
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How are you?"}]
    call = Completion(client, ["gone", "o4-mini"], messages, lambda: 9.0, costs.append)
    assert list(call.pieces()) == ["Hello."]
    assert call.model == "o4-mini"
    assert "max_completion_tokens" in api.requests[-1]
    assert costs[-1] == Usage(9, 1)


def test_a_busy_model_is_not_left_for_another(api: ModelApi, client: openai.OpenAI) -> None:
    api.answer = lambda request: httpx2.Response(429, json={"error": {"message": "busy", "type": "t"}})
    call = Completion(client.with_options(max_retries=0), ["one", "other"], [], lambda: 9.0, lambda usage: None)
    with pytest.raises(CoachError) as caught:
        list(call.pieces())
    assert caught.value.code == "model_rate_limited"
    assert [request["model"] for request in api.requests] == ["one"]


def failing(client: openai.OpenAI, seconds: float = 30.0) -> CoachError:
    with pytest.raises(CoachError) as caught:
        list(completion(client, seconds=seconds).pieces())
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "code", "permanent"),
    [
        (429, {}, "model_rate_limited", False),
        (429, {"code": "insufficient_quota"}, "model_quota", True),
        (500, {}, "model_unavailable", False),
        (503, {}, "model_unavailable", False),
        (408, {}, "model_timeout", False),
        (400, {}, "model_bad_request", True),
        (400, {"code": "content_filter"}, "model_refused", True),
        (401, {}, "model_auth", True),
        (403, {}, "model_auth", True),
        (404, {"code": "model_not_found"}, "model_bad_request", True),
    ],
)
def test_a_status_says_whether_trying_again_helps(
    api: ModelApi, client: openai.OpenAI, *, status: int, error: dict[str, Any], code: str, permanent: bool
) -> None:
    body = {"error": {"message": "you said: my secret words", "type": "t", **error}}
    api.answer = lambda request: httpx2.Response(status, json=body)
    caught = failing(client)
    assert (caught.code, caught.permanent) == (code, permanent)
    assert "secret" not in caught.message
    assert len(api.requests) == 1  # the client itself does not retry


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), ("nan", None), ("-1", None)])
def test_retry_after_is_passed_on(api: ModelApi, client: openai.OpenAI, header: str, seconds: float | None) -> None:
    api.answer = lambda request: httpx2.Response(429, headers={"Retry-After": header}, json={"error": {}})
    assert failing(client).retry_after == seconds


@pytest.mark.parametrize(
    ("error", "code"),
    [(httpx2.ConnectError("no"), "model_unavailable"), (httpx2.ReadTimeout("slow"), "model_timeout")],
)
def test_a_broken_line_is_transient(api: ModelApi, client: openai.OpenAI, error: Exception, code: str) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise error

    api.answer = refuse
    before = failing(client)
    api.streams([event("Hello ")], error=error)
    during = failing(client)
    assert [(caught.code, caught.permanent) for caught in (before, during)] == [(code, False)] * 2


def test_a_stream_that_ends_without_saying_so_is_transient(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams([event("Hello "), event("the")])
    assert (failing(client).code, failing(client).permanent) == ("model_unavailable", False)


def test_an_error_inside_the_stream_is_transient(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams([event("Hello "), {"error": {"message": "overloaded", "code": "server_error"}}])
    assert (failing(client).code, failing(client).permanent) == ("model_unavailable", False)


def test_a_filtered_or_refused_answer_is_permanent(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams(said("Hello ", finish="content_filter"))
    filtered = failing(client)
    refusal = event(None)
    refusal["choices"][0]["delta"] = {"refusal": "I can't help with that."}
    api.streams([refusal, event(None, "stop")])
    refused = failing(client)
    assert [(caught.code, caught.permanent) for caught in (filtered, refused)] == [("model_refused", True)] * 2


def test_no_call_is_made_when_no_time_is_left(api: ModelApi, client: openai.OpenAI) -> None:
    assert failing(client, seconds=0.0).code == "model_timeout"
    assert api.requests == []


def test_a_dripping_stream_ends_when_the_time_is_up(api: ModelApi, client: openai.OpenAI) -> None:
    api.streams(said(*["word "] * 50))
    left = iter([3.0, 2.0, 1.0, 0.0])
    call = Completion(client, ["m"], [{"role": "user", "content": "Hi"}], lambda: next(left), lambda usage: None)
    with pytest.raises(CoachError) as caught:
        list(call.pieces())
    assert caught.value.code == "model_timeout"
    assert api.wire.closed
    assert api.wire.read == 3
