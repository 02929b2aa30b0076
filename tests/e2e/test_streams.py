"""What a client sees of a job while it runs, through real gunicorn and workers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from store.api_keys import ApiKeys
from store.client import connect
from tests.e2e.client import Client

Event = tuple[str, str, Any]


@contextmanager
def _stream(client: Client, job: str, last: str = "", *, key: str = "", read: float = 30) -> Iterator[Iterator[Event]]:
    """The events of a job, each as (id, type, data), as they come."""
    headers = {"X-API-Key": key or client.stack.api_key} | ({"Last-Event-ID": last} if last else {})
    url = f"{client.stack.base_url}/jobs/{job}/events"
    with httpx.stream("GET", url, headers=headers, timeout=httpx.Timeout(30, read=read)) as answer:
        assert answer.status_code == 200
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def _spoken(events: list[Event]) -> str:
    text = ""
    for _, kind, data in events:
        if kind == "restart":
            text = ""
        if kind == "token":
            text += data["text"]
    return text


def _ask(client: Client, text: str) -> str:
    session = client.open_session()
    return str(client.post(f"/sessions/{session}/messages", json={"text": text}).json()["id"])


def test_the_sentences_joined_are_the_reply(client: Client) -> None:
    job = _ask(client, "How can I get steadier on my feet?")

    with _stream(client, job) as stream:
        events = list(stream)

    assert [data["stage"] for _, kind, data in events if kind == "stage"][-1] == "generating"
    done = events[-1]
    assert (done[1], done[2]["status"]) == ("done", "completed")
    assert done[2] == client.get(f"/jobs/{job}").json()
    assert len([kind for _, kind, _ in events if kind == "token"]) > 1
    assert _spoken(events) == done[2]["output"]["text"]


def test_a_stream_that_was_cut_goes_on_where_it_was(client: Client) -> None:
    job = _ask(client, "Why does strength matter?")
    client.finished(job)
    with _stream(client, job) as stream:
        whole = list(stream)

    with _stream(client, job) as stream:
        first = [next(stream), next(stream)]
    with _stream(client, job, last=first[-1][0]) as stream:
        rest = list(stream)

    assert first + rest == whole
    headers = {"Last-Event-ID": whole[-1][0]}
    assert client.get(f"/jobs/{job}/events", headers=headers).status_code == 204


def test_a_killed_worker_costs_under_thirty_seconds_is_a_restart_in_the_stream_and_one_turn(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=8", times=1)
    job = _ask(client, "What helps when I feel low?")
    client.until(job, lambda shown: shown["stage"] == "generating")

    with _stream(client, job, read=40) as stream:
        killed_at = time.monotonic()
        os.kill(client.stack.pid_of("worker"), signal.SIGKILL)
        events = list(stream)

    assert time.monotonic() - killed_at < 30
    done = events[-1][2]
    assert (done["status"], done["attempts"]) == ("completed", 2)
    assert len(client.history(done["session_id"])) == 2
    assert [data for _, kind, data in events if kind == "restart"] == [{"attempt": 2}]
    assert _spoken(events) == events[-1][2]["output"]["text"]


def test_a_client_that_leaves_cancels_nothing(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=1", times=1)
    job = _ask(client, "Tell me about sleep.")
    with _stream(client, job) as stream:
        next(stream)

    assert client.finished(job)["status"] == "completed"


def test_a_revoked_key_ends_its_stream_within_five_seconds(client: Client) -> None:
    redis = connect(client.stack.settings.redis_url)
    api_keys = ApiKeys(redis)
    key_id = api_keys.add("a-key-for-a-while", name="a", scopes=("jobs",), source="test")
    session = client.post("/sessions", key="a-key-for-a-while").json()["session_id"]
    client.offline_fault("chat", "slow; seconds=9", times=1)
    text = {"text": "What about swimming?"}
    job = client.post(f"/sessions/{session}/messages", json=text, key="a-key-for-a-while").json()["id"]

    with _stream(client, job, key="a-key-for-a-while", read=5) as stream:
        next(stream)
        api_keys.revoke(key_id)
        events = list(stream)

    redis.close()
    assert "done" not in [kind for _, kind, _ in events]


def test_a_reply_is_streamed_to_all_who_listen(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=1", times=1)
    job = _ask(client, "Is walking enough?")

    with _stream(client, job) as one, _stream(client, job) as two:
        assert list(one) == list(two)
