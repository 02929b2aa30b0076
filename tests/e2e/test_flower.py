"""What an operator sees in Flower while things go wrong; docs/guarantees.md says the same in words."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.e2e.client import Client

WORDS = ("marmalade", "trombone", "periwinkle")
SAID = f"I walk with {' '.join(WORDS)}"  # about walking: anything else would need no model
Task = dict[str, Any]


@pytest.fixture(autouse=True)
def _flower(client: Client) -> None:
    client.stack.wait_for_flower()
    client.until_true(lambda: _online(client, "worker"))


def _ask(client: Client) -> str:
    return str(client.post(f"/sessions/{client.open_session()}/messages", json={"text": SAID}).json()["id"])


def _runs(client: Client, job_id: str) -> list[Task]:
    """Every run of a job, the first one first."""
    tasks = client.flower_get("/api/tasks", params={"taskname": "jobs.run"}).json().values()
    return sorted((task for task in tasks if job_id in task["args"]), key=lambda task: float(task["received"]))


def _shown(client: Client, job_id: str, *states: str) -> list[Task]:
    """The runs of a job, once Flower shows them in these states."""

    def look() -> list[Task]:
        runs = _runs(client, job_id)
        return runs if [run["state"] for run in runs] == list(states) else []

    return client.until_true(look)


def _online(client: Client, name: str) -> bool:
    workers = client.flower_get("/workers", params={"json": "1"}).json()["data"]
    return [worker["status"] for worker in workers if worker["hostname"].startswith(f"{name}@")] == [True]


def _shows_only_the_id(client: Client, job: dict[str, Any], run: Task) -> None:
    page = client.flower_get(f"/task/{run['uuid']}").text
    answer = [job["output"]["text"][:30]] if job["output"] else []
    assert run["args"] == f"('{job['id']}',)"
    assert job["id"] in page
    assert not [words for words in (*WORDS, *answer) if words in page]


def test_a_job_that_was_answered_is_a_success_with_its_worker_and_its_runtime(client: Client) -> None:
    job = client.finished(_ask(client))

    [run] = _shown(client, job["id"], "SUCCESS")

    assert run["worker"].startswith("worker@")
    assert run["result"] == "'completed'"
    worked = (job["timings"]["total_ms"] - job["timings"]["queued_ms"]) / 1000
    assert worked - 0.001 <= run["runtime"] <= run["succeeded"] - run["received"] + 0.001
    _shows_only_the_id(client, job, run)


def test_a_job_that_failed_is_a_failure_with_its_code_and_is_not_run_again(client: Client) -> None:
    client.offline_fault("chat", "400", times=1)
    job = client.finished(_ask(client))
    assert job["status"] == "failed"

    [run] = _shown(client, job["id"], "FAILURE")

    assert run["worker"].startswith("worker@")
    assert run["exception"] == f"JobFailed('{job['error']['code']}')"
    assert run["runtime"] is None and run["started"] <= run["failed"], "Celery sends no runtime with a failure"
    _shows_only_the_id(client, job, run)
    assert f'"task_id": "{run["uuid"]}"' not in client.stack.log("worker"), "the runner has logged it; no traceback"


def test_a_job_that_is_given_back_is_a_retry_and_its_next_run_a_task_of_its_own(client: Client) -> None:
    client.offline_fault("chat", "429; retry-after=1", times=1)
    job = client.finished(_ask(client))

    given_back, answered = _shown(client, job["id"], "RETRY", "SUCCESS")

    assert given_back["exception"] == "JobGivenBack('model_rate_limited')"
    assert given_back["uuid"] != answered["uuid"]
    _shows_only_the_id(client, job, given_back)


def test_a_cancelled_job_is_a_success_whose_result_says_so(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=20", times=1)
    job_id = _ask(client)
    client.until(job_id, lambda job: job["stage"] == "generating")
    client.post(f"/jobs/{job_id}/cancel").raise_for_status()

    [run] = _shown(client, job_id, "SUCCESS")

    assert run["result"] == "'cancelled'"


def test_flower_goes_on_by_itself_after_valkey_and_beat_were_killed(client: Client) -> None:
    before = _shown(client, client.finished(_ask(client))["id"], "SUCCESS")
    for name in ("beat", "valkey"):
        os.kill(client.stack.pid_of(name), signal.SIGKILL)

    client.until_true(lambda: client.post("/sessions").status_code == 201)
    # What is sent before Flower has reconnected is lost to it; the next task is not.
    client.until_true(lambda: [run for run in _runs(client, client.finished(_ask(client))["id"]) if run["runtime"]])

    assert _runs(client, before[0]["args"]) == before, "it has forgotten nothing"


def test_a_job_that_ends_while_its_worker_drains_is_a_success_once_the_worker_has_ended(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=2", times=1)
    job_id = _ask(client)
    client.until(job_id, lambda job: job["stage"] == "generating")

    os.kill(client.stack.pid_of("worker"), signal.SIGTERM)

    [run] = _shown(client, job_id, "SUCCESS")
    assert run["runtime"] >= 2


def test_a_killed_run_stays_started_and_a_worker_that_says_nothing_is_offline(client: Client) -> None:
    client.offline_fault("chat", "slow; seconds=20", times=1)
    job_id = _ask(client)
    client.until(job_id, lambda job: job["stage"] == "generating")
    _shown(client, job_id, "STARTED")

    os.kill(client.stack.pid_of("worker"), signal.SIGKILL)
    voice = client.stack.pid_of("voice")
    os.kill(voice, signal.SIGSTOP)
    try:
        client.until_true(lambda: not _online(client, "voice"))
    finally:
        os.kill(voice, signal.SIGCONT)
    client.until_true(lambda: _online(client, "voice"))
    client.finished(job_id)

    killed, answered = _shown(client, job_id, "STARTED", "SUCCESS")
    assert killed["runtime"] is None
    assert answered["result"] == "'completed'"
    assert _online(client, "worker")
