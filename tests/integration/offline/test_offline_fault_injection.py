import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

MODEL = "offline-extractive"
CHAT = "/v1/chat/completions"


@pytest.fixture
def control(base_url: str) -> Iterator[httpx.Client]:
    """The control route, emptied before and after the test."""
    with httpx.Client(base_url=base_url.removesuffix("/v1")) as http:
        http.delete("/_faults")
        yield http
        http.delete("/_faults")


def chat(client: openai.OpenAI, fault: str | None = None, *, stream: bool = False) -> Any:
    headers = {"X-Fault": fault} if fault else None
    return client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "hello"}], stream=stream, extra_headers=headers
    )


def test_a_rate_limit_says_when_to_come_back(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as error:
        chat(client, "429; retry-after=2")
    assert error.value.response.headers["Retry-After"] == "2"


def test_a_server_error_can_be_asked_for(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        chat(client, "500")


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_breaks_off(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        list(chat(client, "cut", stream=stream))


def test_a_cut_stream_has_begun(client: openai.OpenAI) -> None:
    pieces: list[str | None] = []
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        for chunk in chat(client, "cut", stream=True):
            pieces.append(chunk.choices[0].delta.content)
    assert len(pieces) > 3


def test_a_slow_answer_takes_as_long_as_asked(client: openai.OpenAI) -> None:
    begin = time.monotonic()
    chat(client, "slow; seconds=0.3")
    assert time.monotonic() - begin >= 0.3


def test_a_slow_stream_drips(client: openai.OpenAI) -> None:
    arrived = []
    for _ in chat(client, "slow; seconds=0.4", stream=True):
        arrived.append(time.monotonic())
    assert arrived[-1] - arrived[0] >= 0.2


def test_faults_set_beforehand_hit_the_next_calls_of_their_path_only(
    client: openai.OpenAI, control: httpx.Client
) -> None:
    control.post("/_faults", json={"path": CHAT, "fault": "503; retry-after=1", "times": 2})
    client.embeddings.create(model="all-minilm-l6-v2", input="fine")
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            chat(client)
    assert chat(client).choices
    assert control.get("/_faults").json() == {"calls": {CHAT: 3, "/v1/embeddings": 1}, "waiting": {}}


def test_the_openai_client_retries_past_a_passing_fault(client: openai.OpenAI, control: httpx.Client) -> None:
    control.post("/_faults", json={"path": CHAT, "fault": "429; retry-after=0.05"})
    assert chat(client.with_options(max_retries=1)).choices
    assert control.get("/_faults").json()["calls"] == {CHAT: 2}


@pytest.mark.parametrize("body", [{"path": CHAT, "fault": "explode"}, {"fault": "cut"}, {"path": CHAT}])
def test_a_fault_that_does_not_exist_is_refused(control: httpx.Client, body: dict[str, str]) -> None:
    assert control.post("/_faults", json=body).status_code == 400
