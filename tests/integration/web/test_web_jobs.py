"""Looking at a job, waiting for it, cancelling it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from config import Settings
from store.hold import JobCancelled
from store.job_errors import JobError
from tests.integration.web.api import OTHER, Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _queued(api: Api) -> tuple[str, str]:
    session = api.open_session()
    return session, str(api.say(session).get_json()["id"])


@pytest.mark.parametrize(
    "job",
    [
        "x",
        "job_",
        "job_zz_1",
        "job_" + "0" * 32,
        "job_" + "0" * 32 + "_0",
        "job_" + "0" * 32 + "_01",
        "%00",
        "%ff%fe",
        "é",
        "j" * 5000,
        "job_" + "0" * 32 + "_1%0a",
        "sess_" + "0" * 32,
        "..",
        "job_" + "A" * 32 + "_1",
    ],
)
def test_a_malformed_id_is_an_unknown_one(api: Api, job: str) -> None:
    for method, path in [("GET", f"/jobs/{job}"), ("POST", f"/jobs/{job}/cancel"), ("GET", f"/jobs/{job}/audio")]:
        answer = api.request(method, path)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), path


def test_a_number_that_was_not_given_out_is_unknown(api: Api) -> None:
    session, _ = _queued(api)

    assert api.get(f"/jobs/{job_id_of(session, 2)}").status_code == 404
    assert api.get(f"/jobs/{job_id_of(session, 999_999_999)}").status_code == 404


def test_a_job_at_work_shows_its_stage(api: Api) -> None:
    _, job = _queued(api)
    api.claim(job).progress(stage="retrieving")

    shown = api.get(f"/jobs/{job}").get_json()

    assert (shown["status"], shown["stage"], shown["attempts"]) == ("in_progress", "retrieving", 1)
    assert shown["started_at"] and shown["completed_at"] is None


def test_a_queued_job_is_cancelled_at_once_and_twice_is_the_same(api: Api, redis: Any) -> None:
    session, job = _queued(api)

    first, again = (api.post(f"/jobs/{job}/cancel") for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert (first.get_json()["status"], first.get_json()["output"]) == ("cancelled", None)
    assert first.get_json()["completed_at"]
    assert api.ledger.claim(job) is None
    assert api.history(session) == []


def test_a_job_at_work_is_told_to_stop(api: Api) -> None:
    session, job = _queued(api)
    hold = api.claim(job)

    asked = api.post(f"/jobs/{job}/cancel")
    assert (asked.status_code, asked.get_json()["status"]) == (202, "cancelling")
    assert api.post(f"/jobs/{job}/cancel").status_code == 202

    with pytest.raises(JobCancelled):
        hold.progress(stage="generating")
    hold.acknowledge_cancel()
    after = api.post(f"/jobs/{job}/cancel")
    assert (after.status_code, after.get_json()["status"]) == (200, "cancelled")
    assert api.history(session) == []


def test_cancelling_a_finished_job_changes_nothing(api: Api) -> None:
    session, job = _queued(api)
    api.finish(job)
    before = api.get(f"/jobs/{job}").get_json()

    answer = api.post(f"/jobs/{job}/cancel")

    assert (answer.status_code, answer.get_json()) == (200, before)
    assert len(api.history(session)) == 2


@pytest.mark.parametrize("body", [{}, {"data": b"", "content_type": "application/json"}, {"json": {"reason": "bored"}}])
def test_cancelling_needs_no_body(api: Api, body: dict[str, Any]) -> None:
    _, job = _queued(api)

    assert api.post(f"/jobs/{job}/cancel", **body).status_code == 200


def test_nobody_else_can_cancel(api: Api) -> None:
    _, job = _queued(api)

    assert api.post(f"/jobs/{job}/cancel", key=OTHER).status_code == 404
    assert api.get(f"/jobs/{job}").get_json()["status"] == "queued"


def _once_somebody_waits(api: Api, action: Callable[[], object]) -> threading.Thread:
    """Do something as soon as the application listens for news."""

    def work() -> None:
        give_up = time.monotonic() + 20
        while not api.redis.pubsub_numpat():
            assert time.monotonic() < give_up
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("how", [{"headers": {"Prefer": "wait=30"}}, {"query_string": {"wait": "30"}}])
def test_a_client_may_wait_for_the_end(api: Api, how: dict[str, Any]) -> None:
    _, job = _queued(api)
    worker = _once_somebody_waits(api, lambda: api.finish(job))

    answer = api.get(f"/jobs/{job}", **how)
    worker.join()

    assert (answer.status_code, answer.get_json()["status"]) == (200, "completed")


def test_progress_does_not_end_a_wait(api: Api) -> None:
    _, job = _queued(api)

    def work() -> None:
        hold = api.claim(job)
        hold.progress(stage="retrieving")
        hold.fail(JobError("model_refused", "A sentence.", retryable=False))

    worker = _once_somebody_waits(api, work)
    answer = api.get(f"/jobs/{job}?wait=30")
    worker.join()

    assert answer.get_json()["status"] == "failed"


def test_a_job_that_is_over_is_not_waited_for(api: Api) -> None:
    _, job = _queued(api)
    api.post(f"/jobs/{job}/cancel")

    assert api.get(f"/jobs/{job}?wait=60").get_json()["status"] == "cancelled"


def test_when_the_time_is_up_the_job_is_shown_as_it_is(api: Api) -> None:
    _, job = _queued(api)

    answer = api.get(f"/jobs/{job}?wait=1")

    assert (answer.status_code, answer.get_json()["status"]) == (200, "queued")


def test_erasing_the_session_ends_a_wait(api: Api) -> None:
    session, job = _queued(api)
    worker = _once_somebody_waits(api, lambda: api.services.sessions.erase(session))

    answer = api.get(f"/jobs/{job}?wait=30")
    worker.join()

    assert answer.status_code == 404


@pytest.mark.parametrize("wait", ["abc", "-1", "1.5", " ", "²"])
def test_a_wait_that_is_no_number_is_refused(api: Api, wait: str) -> None:
    _, job = _queued(api)

    answer = api.get(f"/jobs/{job}", query_string={"wait": wait})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_wait")
