"""What a client can ask for in headers: to wait for the answer, to be counted once, to give up in time."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from config import Settings
from store import keys
from tests.integration.web.api import Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _finish_once_queued(api: Api, job_id: str) -> threading.Thread:
    def work() -> None:
        give_up = time.monotonic() + 20
        while not api.redis.exists(keys.job(job_id)):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        api.finish(job_id, "In time.")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("prefer", ["wait=30", "respond-async, wait=30", 'foo; bar, Wait="30"'.lower(), "wait = 30"])
def test_a_client_may_wait_for_the_answer(api: Api, prefer: str) -> None:
    session = api.open_session()
    worker = _finish_once_queued(api, job_id_of(session))

    answer = api.say(session, headers={"Prefer": prefer})
    worker.join()

    assert answer.status_code == 200
    assert answer.get_json()["output"]["text"] == "In time."
    assert answer.headers["Location"] == f"/jobs/{job_id_of(session)}"
    assert "Retry-After" not in answer.headers


def test_a_wait_that_was_too_short_answers_202(api: Api) -> None:
    answer = api.say(api.open_session(), headers={"Prefer": "wait=1"})

    assert answer.status_code == 202
    assert answer.get_json()["status"] == "queued"
    assert answer.headers["Retry-After"] == "1"


def test_a_client_may_wait_in_the_query_too(api: Api) -> None:
    session = api.open_session()
    worker = _finish_once_queued(api, job_id_of(session))

    answer = api.post(f"/sessions/{session}/messages?wait=30", json={"text": "hello"})
    worker.join()

    assert answer.status_code == 200


@pytest.mark.parametrize("wait", ["abc", "-1", "1.5", "1e9", " ", "²"])
def test_a_wait_that_is_no_number_is_refused_and_makes_no_job(api: Api, wait: str) -> None:
    session = api.open_session()

    answer = api.post(f"/sessions/{session}/messages", query_string={"wait": wait}, json={"text": "hello"})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_wait")
    assert api.number_of_jobs(session) == 0


@pytest.mark.parametrize("prefer", ["respond-async", "wait=soon", "await=30", "return=minimal"])
def test_a_preference_that_is_not_understood_is_passed_over(api: Api, prefer: str) -> None:
    assert api.say(api.open_session(), headers={"Prefer": prefer}).status_code == 202


def test_the_same_message_twice_is_one_job(api: Api) -> None:
    session = api.open_session()
    headers = {"Idempotency-Key": "order 66 / é"}

    first, again = (api.say(session, headers=headers) for _ in range(2))

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert api.number_of_jobs(session) == 1


def test_the_same_message_after_its_end_answers_the_result(api: Api) -> None:
    session = api.open_session()
    api.say(session, headers={"Idempotency-Key": "k"})
    api.finish(job_id_of(session))

    again = api.say(session, headers={"Idempotency-Key": "k"})

    assert (again.status_code, again.get_json()["status"]) == (200, "completed")
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("change", [{"text": "other"}, {"metadata": {"a": 1}}, {"speak": True}, {"on_busy": "reject"}])
def test_the_same_key_with_other_content_is_refused(api: Api, change: dict[str, Any]) -> None:
    session = api.open_session()
    api.say(session, headers={"Idempotency-Key": "k"})

    answer = api.say(session, json=change, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_mismatch")
    assert api.number_of_jobs(session) == 1


def test_an_idempotency_key_may_have_255_characters(api: Api) -> None:
    session = api.open_session()

    assert api.say(session, headers={"Idempotency-Key": "k" * 255}).status_code == 202
    answer = api.say(session, headers={"Idempotency-Key": "k" * 256})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_idempotency_key")
    assert api.number_of_jobs(session) == 1


@pytest.mark.parametrize(("header", "seconds"), [("90s", 90), ("90", 90), (" 5s ", 5), ("999999s", 600)])
def test_cancel_after_sets_the_deadline_up_to_the_services_own(api: Api, header: str, seconds: int) -> None:
    session = api.open_session()
    job = api.say(session, headers={"Cancel-After": header}).get_json()["id"]

    deadline, created = api.redis.hmget(keys.job(job), ["deadline", "created_at"])

    assert int(deadline) - int(created) == seconds * 1000


@pytest.mark.parametrize("header", ["0s", "-5s", "soon", "90 s", "1.5s", "1h", "1000000s", "٩s"])
def test_any_other_cancel_after_is_refused_and_makes_no_job(api: Api, header: str) -> None:
    session = api.open_session()

    sent = header.encode().decode("latin-1")
    answer = api.say(session, environ_overrides={"HTTP_CANCEL_AFTER": sent})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_cancel_after")
    assert api.number_of_jobs(session) == 0
