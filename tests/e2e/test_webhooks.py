"""The end of a job told to receivers of every kind, by real processes over real TLS."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from local.ports import free_port
from tests.e2e import receivers
from tests.e2e.client import Client
from tests.integration.webhooks.receivers import Receiver, answers, goes_on, stays_silent

ROOT = Path(__file__).parents[2]
THANKS = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks"


def _listen(client: Client, receiver: Receiver, **more: Any) -> dict[str, Any]:
    answer = client.post("/webhook-endpoints", json={"url": receivers.url(receiver), **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _forget(client: Client, endpoint: dict[str, Any]) -> None:
    client.delete(f"/webhook-endpoints/{endpoint['id']}").raise_for_status()


def _job(client: Client, receiver: Receiver | None = None, text: str = "Is walking enough?") -> str:
    """A finished job, with a webhook of its own if a receiver is given."""
    session = client.open_session()
    webhook = {"webhook": {"url": receivers.url(receiver)}} if receiver else {}
    return str(client.say(session, text, **webhook)["id"])


def _ended(client: Client, job_id: str, seconds: float = 30) -> list[dict[str, Any]]:
    """The deliveries of a job, once each is delivered or given up."""

    def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get(f"/jobs/{job_id}/deliveries").json()["data"]
        return found if found and all(one["status"] != "pending" for one in found) else []

    return client.until_true(look, seconds=seconds)


def _secret(client: Client) -> str:
    return str(client.get("/webhook-endpoints/signing-secret").json()["secret"])


def test_the_end_of_a_job_is_told_in_a_small_signed_request(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority) as receiver:
        job_id = _job(client, receiver)
        [delivery] = _ended(client, job_id)

    [request] = receiver.requests
    event = receivers.verified(request, _secret(client))
    job = client.get(f"/jobs/{job_id}").json()
    assert event == {
        "type": "job.completed",
        "timestamp": job["completed_at"],
        "data": {"id": job_id, "session_id": job["session_id"], "status": "completed", "outcome": "answered"},
    }
    assert request.startswith(b"POST /hook HTTP/1.1\r\n")
    assert receivers.headers(request)["webhook-id"] == delivery["id"]
    assert receivers.headers(request)["host"] == f"localhost:{receiver.port}"
    assert (delivery["status"], [one["status"] for one in delivery["attempts"]]) == ("delivered", [200])


def test_an_endpoint_hears_of_every_job_and_of_the_answer_if_it_asked_for_it(
    client: Client, authority: trustme.CA
) -> None:
    with receivers.https(authority) as receiver:
        endpoint = _listen(client, receiver, include_output=True)
        job_id = _job(client)
        _ended(client, job_id)
        _forget(client, endpoint)

    event = receivers.verified(receiver.requests[0], endpoint["secret"])
    assert event["data"]["output"] == client.get(f"/jobs/{job_id}").json()["output"]


def test_an_emergency_is_told_before_its_job_is(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority, answers(500), answers(200)) as receiver:
        job_id = _job(client, receiver, "I have crushing chest pain and I cannot breathe")
        _ended(client, job_id)

    told = [receivers.verified(request, _secret(client))["type"] for request in receiver.requests]
    assert told == ["safety.escalated", "safety.escalated", "job.completed"]


def test_what_a_receiver_cannot_take_comes_again_with_the_same_id(client: Client, authority: trustme.CA) -> None:
    with receivers.https(
        authority, answers(500, body=b"sorry"), answers(503, "Retry-After: 2"), answers(200)
    ) as receiver:
        [delivery] = _ended(client, _job(client, receiver))

    assert {receivers.headers(request)["webhook-id"] for request in receiver.requests} == {delivery["id"]}
    assert [one["status"] for one in delivery["attempts"]] == [500, 503, 200]
    assert delivery["attempts"][0]["answer"] == "sorry"
    for request in receiver.requests:
        receivers.verified(request, _secret(client))


def test_a_receiver_that_keeps_failing_is_given_up_and_can_be_tried_again(
    client: Client, authority: trustme.CA
) -> None:
    failing = [answers(302, "Location: https://localhost:1/")] * 4
    with receivers.https(authority, *failing, answers(200)) as receiver:
        job_id = _job(client, receiver)
        [delivery] = _ended(client, job_id)
        assert (delivery["status"], delivery["reason"]) == ("failed", "exhausted")
        assert [one["status"] for one in delivery["attempts"]] == [302] * 4, "a redirect is a failure"
        listed = client.get("/deliveries?status=failed").json()["data"]
        assert delivery["id"] in [one["id"] for one in listed]

        assert client.post(f"/deliveries/{delivery['id']}/replay").status_code == 202
        [delivery] = _ended(client, job_id)

    assert delivery["status"] == "delivered"
    assert len({receivers.headers(request)["webhook-id"] for request in receiver.requests}) == 1


def test_nobody_is_sent_to_where_a_redirect_points(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority) as inside:
        moved = answers(307, f"Location: {receivers.url(inside)}")
        with receivers.https(authority, moved) as receiver:
            [delivery] = _ended(client, _job(client, receiver))

    assert delivery["status"] == "failed"
    assert (len(receiver.requests), inside.connections) == (4, 0)


def test_a_receiver_that_says_it_is_gone_is_left_alone(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority, answers(410)) as receiver:
        endpoint = _listen(client, receiver)
        [delivery] = _ended(client, _job(client))
        _job(client)
        state = client.get(f"/webhook-endpoints/{endpoint['id']}").json()
        _forget(client, endpoint)

    assert (delivery["status"], delivery["reason"], len(delivery["attempts"])) == ("failed", "gone", 1)
    assert (state["enabled"], state["disabled_reason"]) == (False, "gone")
    assert len(receiver.requests) == 1


def test_an_answer_without_end_is_cut_and_counts(client: Client, authority: trustme.CA) -> None:
    ten_megabytes = 10 * 1024 * 1024
    long = answers(200, body=b"x" * ten_megabytes)
    with receivers.https(authority, long) as receiver:
        [delivery] = _ended(client, _job(client, receiver))

    [attempt] = delivery["attempts"]
    assert (delivery["status"], attempt["status"], attempt["answer"]) == ("delivered", 200, "x" * 1024)


def test_receivers_that_hang_or_drip_hold_up_neither_jobs_nor_others(client: Client, authority: trustme.CA) -> None:
    drips = goes_on(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n", 0.2)
    with (
        receivers.https(authority, stays_silent, answers(200)) as silent,
        receivers.https(authority, drips, answers(200)) as dripping,
        receivers.https(authority) as well,
    ):
        slow = [_job(client, silent) for _ in range(3)] + [_job(client, dripping)]
        quick = _ended(client, _job(client, well), seconds=5)
        ended = [_ended(client, job_id) for job_id in slow]

    assert quick[0]["status"] == "delivered"
    errors = [delivery["attempts"][0]["error"] for [delivery] in (ended[0], ended[3])]
    assert errors == ["timeout", "timeout"], "15 seconds hold for the whole attempt"
    assert all(delivery["status"] == "delivered" for [delivery] in ended)


def test_an_event_sent_by_a_worker_that_dies_before_it_can_say_so_is_sent_again(
    client: Client, authority: trustme.CA
) -> None:
    killed = threading.Event()

    def kills(connection: socket.socket, _over: threading.Event) -> None:
        os.kill(client.stack.pid_of("deliveries"), signal.SIGKILL)
        connection.sendall(THANKS)
        killed.set()

    with receivers.https(authority, kills, answers(200)) as receiver:
        job_id = _job(client, receiver)
        assert killed.wait(20)
        [delivery] = _ended(client, job_id, seconds=90)

    assert {receivers.headers(request)["webhook-id"] for request in receiver.requests} == {delivery["id"]}
    assert (len(receiver.requests), delivery["status"]) == (2, "delivered")


def test_nothing_is_lost_when_the_broker_is_killed(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority, answers(500), answers(200)) as receiver:
        endpoint = _listen(client, receiver)
        jobs = [_job(client) for _ in range(5)]
        os.kill(client.stack.pid_of("valkey"), signal.SIGKILL)
        client.until_true(lambda: client.get("/readyz").status_code == 200)
        for job_id in jobs:
            [delivery] = _ended(client, job_id, seconds=60)
            assert delivery["status"] == "delivered"
        _forget(client, endpoint)

    told = {receivers.verified(request, endpoint["secret"])["data"]["id"] for request in receiver.requests}
    assert told == set(jobs)


def test_an_erased_session_is_not_told_of_any_more(client: Client, authority: trustme.CA) -> None:
    with receivers.https(authority, answers(500)) as receiver:
        session = client.open_session()
        job = client.say(session, "Is walking enough?", webhook={"url": receivers.url(receiver)})
        client.until_true(lambda: receiver.requests)
        receipt = client.delete(f"/sessions/{session}").json()["erased"]
        sent = receiver.connections
        after = _job(client, receiver)
        _ended(client, after)

    assert receipt["deliveries"] == 1
    told = [receivers.verified(request, _secret(client))["data"]["id"] for request in receiver.requests[sent:]]
    assert set(told) == {after}, job["id"]


@pytest.mark.parametrize(
    "url", ["http://localhost.example/", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/"]
)
def test_our_inside_is_no_place_for_a_webhook(client: Client, url: str) -> None:
    session = client.open_session()
    answers = [
        client.post("/webhook-endpoints", json={"url": url}),
        client.post(f"/sessions/{session}/messages", json={"text": "hello", "webhook": {"url": url}}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


def test_the_receiver_of_the_documentation_works(client: Client, tmp_path: Path) -> None:
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    code = re.search(r"<!-- receiver.py.*?```python\n(.*?)```", page, re.S)
    assert code
    (tmp_path / "receiver.py").write_text(code[1], encoding="utf-8")
    port = free_port()
    endpoint = client.post("/webhook-endpoints", json={"url": f"http://localhost:{port}/hook"}).json()
    command = [sys.executable, "-m", "flask", "--app", "receiver", "run", "--port", str(port)]
    environ = {**os.environ, "WEBHOOK_SECRET": endpoint["secret"]}
    with subprocess.Popen(  # noqa: S603 (the page's own code)
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
    ) as receiver:
        try:
            client.until_true(lambda: _answers(port))
            assert client.post(f"/webhook-endpoints/{endpoint['id']}/test").status_code == 202
            job_id = _job(client)
            [delivery] = _ended(client, job_id)
            forged = httpx.post(f"http://localhost:{port}/hook", json={"type": "job.completed"})
        finally:
            receiver.terminate()
            out = receiver.communicate()[0]
            _forget(client, endpoint)

    assert delivery["attempts"][-1]["status"] == 204
    assert forged.status_code == 401
    assert f"job.completed {job_id} completed" in out
    assert out.count("job.completed") == 2, "the sample and the job"


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://localhost:{port}/").status_code == 404
    except httpx.TransportError:
        return False
