import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

MODEL = "offline-extractive"
SYSTEM = """You are a coach.

<passages>
<passage id="steady-01" collection="lessons" title="Balance is a skill">
Balance is a skill, and skills improve with practice. Standing on one leg near the sink is a common start.
</passage>
<passage id="time-01" collection="lessons" title="Short bits add up">
Five minutes here and ten minutes there all add to the total for the week.
</passage>
</passages>"""


def conversation(said: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": said}]


def ask(client: openai.OpenAI, said: str) -> str:
    completion = client.chat.completions.create(model=MODEL, messages=conversation(said))
    content = completion.choices[0].message.content
    assert content
    return content


def test_an_answer_quotes_the_passages_it_was_given(client: openai.OpenAI) -> None:
    reply = ask(client, "How do I get better balance?")
    assert "Standing on one leg near the sink is a common start [steady-01]." in reply
    assert set(re.findall(r"\[([^\]]+)\]", reply)) <= {"steady-01", "time-01"}
    assert "I am in offline mode" in reply


def test_the_streamed_pieces_joined_are_the_whole_answer(client: openai.OpenAI) -> None:
    said = "I only have ten minutes a day"
    chunks = list(client.chat.completions.create(model=MODEL, messages=conversation(said), stream=True))
    assert len(chunks) > 10
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ask(client, said)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_is_the_same_whole_and_streamed(client: openai.OpenAI) -> None:
    messages = conversation("I only have ten minutes a day")
    whole = client.chat.completions.create(model=MODEL, messages=messages).usage
    *_, last = client.chat.completions.create(
        model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    assert whole and last.usage and last.choices == []
    assert whole == last.usage
    assert whole.prompt_tokens > 60
    assert whole.total_tokens == whole.prompt_tokens + whole.completion_tokens


def test_content_may_come_in_parts_and_the_system_text_as_developer(client: openai.OpenAI) -> None:
    messages: Iterable[ChatCompletionMessageParam] = [
        {"role": "developer", "content": SYSTEM},
        {"role": "user", "content": [{"type": "text", "text": "How do I get better balance?"}]},
    ]
    completion = client.chat.completions.create(model=MODEL, messages=messages, temperature=0.5, max_tokens=600)
    assert completion.choices[0].message.content == ask(client, "How do I get better balance?")


def test_twenty_callers_at_once_all_get_their_answer(client: openai.OpenAI) -> None:
    said = ["How do I get better balance?", "What fits into ten minutes a day?"] * 10
    with ThreadPoolExecutor(20) as callers:
        replies = list(callers.map(lambda text: ask(client, text), said))
    assert [re.findall(r"\[([^\]]+)\]", reply)[0] for reply in replies] == ["steady-01", "time-01"] * 10


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 600_001}]}, "messages"),
        ({"stream": "maybe"}, "stream"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 3}}, "stream_options.include_usage"),
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(
    client: openai.OpenAI, change: dict[str, object], param: str
) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]} | change
    with pytest.raises(openai.BadRequestError) as error:
        client.post("/chat/completions", body=body, cast_to=object)
    assert error.value.param == param
    assert error.value.type == "invalid_request_error"


def test_another_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model="gpt-4o-mini", messages=conversation("hello"))
    assert error.value.code == "model_not_found"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'"text"'])
def test_a_body_that_is_no_json_object_is_refused(base_url: str, body: bytes) -> None:
    response = httpx.post(f"{base_url}/chat/completions", content=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_errors_outside_the_routes_have_the_same_shape(base_url: str) -> None:
    responses = {
        404: httpx.post(f"{base_url}/completions", json={}),
        405: httpx.get(f"{base_url}/chat/completions"),
        413: httpx.post(f"{base_url}/chat/completions", content=b" " * (25 * 1024 * 1024 + 1)),
    }
    for status, response in responses.items():
        assert response.status_code == status
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
