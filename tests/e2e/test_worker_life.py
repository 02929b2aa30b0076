"""Workers that are told to end, models that hang or are away: what a person who waits for an answer notices of it."""

import os
import signal
import time

from tests.e2e.client import Client
from workers.breaker import OPENS_AFTER


def _ask(client: Client, text: str = "How can I get steadier on my feet?") -> str:
    session = client.open_session()
    return str(client.post(f"/sessions/{session}/messages", json={"text": text}).json()["id"])


def test_a_worker_that_is_told_to_end_finishes_its_job_and_another_takes_its_place(client: Client) -> None:
    pid = client.stack.pid_of("worker")
    client.offline_fault("chat", "slow; seconds=2", times=1)
    job_id = _ask(client)
    client.until(job_id, lambda job: job["stage"] == "generating")

    os.kill(pid, signal.SIGTERM)
    job = client.finished(job_id)

    assert (job["status"], job["attempts"]) == ("completed", 1)
    client.until_true(lambda: client.stack.pid_of("worker") not in {0, pid})
    assert client.finished(_ask(client))["status"] == "completed"


def test_a_cancel_does_not_wait_for_a_model_that_hangs(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=600", times=1)
    job_id = _ask(client)
    client.until(job_id, lambda job: job["stage"] == "generating")

    client.post(f"/jobs/{job_id}/cancel").raise_for_status()
    asked = time.monotonic()
    job = client.finished(job_id)

    assert job["status"] == "cancelled"
    assert time.monotonic() - asked < 5, "the model's next word is further away than that"
    assert client.history(job["session_id"]) == []


def test_jobs_outlive_a_model_that_is_away_and_lose_no_attempt(client: Client) -> None:
    client.offline_fault("chat", "500", times=OPENS_AFTER + 1)
    jobs = [_ask(client) for _ in range(OPENS_AFTER + 1)]

    done = [client.finished(job_id) for job_id in jobs]

    assert {(job["status"], job["attempts"]) for job in done} == {("completed", 1)}
    log = client.stack.log("worker")
    assert "breaker.opened" in log
    assert "breaker.closed" in log
