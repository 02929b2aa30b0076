"""A message goes in and comes back as a job."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import jsonschema
import pytest

from config import Settings
from store.job_errors import INTERNAL, JobError
from tests.integration.web.api import CITATION, PASSED, USAGE, Api, job_id_of

# The job of the contract, in its order.
JOB = [
    "id",
    "object",
    "type",
    "session_id",
    "status",
    "stage",
    "outcome",
    "attempts",
    "model_calls",
    "queue_position",
    "eta_seconds",
    "output",
    "transcript",
    "coach",
    "guardrails",
    "usage",
    "timings",
    "error",
    "cancel",
    "metadata",
    "confirmation_needed",
    "confirms",
    "confirmed_by",
    "created_at",
    "started_at",
    "completed_at",
    "expires_at",
    "urls",
]


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def test_a_message_is_accepted_as_a_job(api: Api) -> None:
    session = api.open_session()

    answer = api.say(session, json={"metadata": {"page": "home"}})
    job = answer.get_json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert "Idempotent-Replayed" not in answer.headers
    assert list(job) == JOB
    moments = {name: job.pop(name) for name in ("created_at", "expires_at")}
    assert all(moment.endswith("Z") for moment in moments.values())
    assert job == {
        "id": job_id_of(session),
        "object": "job",
        "type": "message",
        "session_id": session,
        "status": "queued",
        "stage": None,
        "outcome": None,
        "attempts": 0,
        "model_calls": 0,
        "queue_position": 0,
        "eta_seconds": None,
        "output": None,
        "transcript": None,
        "coach": None,
        "guardrails": [],
        "usage": None,
        "timings": {},
        "error": None,
        "cancel": None,
        "metadata": {"page": "home"},
        "confirmation_needed": False,
        "confirms": None,
        "confirmed_by": None,
        "started_at": None,
        "completed_at": None,
        "urls": {
            "self": f"/jobs/{job_id_of(session)}",
            "cancel": f"/jobs/{job_id_of(session)}/cancel",
            "events": f"/jobs/{job_id_of(session)}/events",
        },
    }
    assert api.get(job["urls"]["self"]).get_json() == {**job, **moments}


def test_a_finished_job_tells_everything_about_the_answer(api: Api) -> None:
    session = api.open_session()
    api.say(session)
    api.finish(job_id_of(session), "Walking is a good start.")

    job = api.get(f"/jobs/{job_id_of(session)}").get_json()

    assert list(job) == JOB
    assert (job["status"], job["outcome"], job["attempts"], job["stage"]) == ("completed", "answered", 1, None)
    assert job["output"] == {"text": "Walking is a good start.", "citations": [CITATION], "audio_url": None}
    assert job["coach"] == {"mode": "coaching", "state": {"layer": "planning", "minutes_available": 10}}
    assert job["guardrails"] == PASSED
    assert job["usage"] == {**USAGE, "input_tokens": 12, "output_tokens": 34}
    assert job["timings"] == {"queued_ms": 3, "generating_ms": 840, "total_ms": 870}
    assert job["error"] is None
    moments = [datetime.fromisoformat(job[name]) for name in ("created_at", "started_at", "completed_at", "expires_at")]
    assert moments == sorted(moments)


def test_a_failed_job_says_why_and_whether_to_try_again(api: Api) -> None:
    session = api.open_session()
    api.say(session)
    api.claim(job_id_of(session)).fail(JobError("model_unavailable", "A sentence.", retryable=True))

    job = api.get(f"/jobs/{job_id_of(session)}").get_json()

    assert (job["status"], job["output"], job["outcome"]) == ("failed", None, None)
    assert set(job["error"]) == {"code", "message", "retryable"}
    assert (job["error"]["code"], job["error"]["retryable"]) == ("model_unavailable", True)


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_as_json_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _as_json_schema(item) for name, item in value.items() if name != "nullable"}
    return {"anyOf": [{"type": "null"}, plain]} if value.get("nullable") is True else plain


def test_jobs_are_as_the_published_contract_says(api: Api) -> None:
    contract = _as_json_schema(api.get("/openapi.json").get_json())
    validator = jsonschema.Draft7Validator({**contract, "$ref": "#/components/schemas/Job"})
    session = api.open_session()
    jobs = [api.say(session).get_json()]
    hold = api.claim(job_id_of(session))
    hold.progress(stage="generating", transcript={"text": "hm", "language": "english", "confidence": 0.8})
    jobs.append(api.get(f"/jobs/{job_id_of(session)}").get_json())
    hold.fail(INTERNAL)
    jobs.append(api.get(f"/jobs/{job_id_of(session)}").get_json())
    api.say(session)
    api.finish(job_id_of(session, 2))
    jobs.append(api.get(f"/jobs/{job_id_of(session, 2)}").get_json())

    assert [job["status"] for job in jobs] == ["queued", "in_progress", "failed", "completed"]
    for job in jobs:
        assert [error.message for error in validator.iter_errors(job)] == []
    assert list(validator.iter_errors({**jobs[0], "attempts": "0"}))


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "  \n\t "},
        {"text": None},
        {"text": 5},
        {"text": ["hello"]},
        {},
        {"message": "hello"},
        {"text": "hello", "colour": "red"},
        {"text": "hello", "on_busy": "shout"},
        {"text": "hello", "speak": "maybe"},
        {"text": "hello", "metadata": {"a": "x" * 4096}},
        {"text": "half a \ud83d character"},
        [],
        "hello",
        None,
    ],
)
def test_a_body_that_is_not_as_expected_is_refused_and_makes_no_job(api: Api, body: Any) -> None:
    session = api.open_session()

    path = f"/sessions/{session}/messages"
    answer = api.post(path, data=json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert answer.get_json()["code"] == "invalid_request"
    assert answer.get_json()["errors"]["json"]
    assert api.number_of_jobs(session) == 0


def test_ten_thousand_characters_are_accepted_and_one_more_is_not(api: Api) -> None:
    session = api.open_session()

    assert api.say(session, "né" * 5_000).status_code == 202
    answer = api.say(session, "né" * 5_000 + "e")

    assert answer.status_code == 422
    assert answer.get_json()["detail"] == "The message is too long. Maximum: 10000 characters."
    assert set(answer.get_json()["errors"]["json"]) == {"text"}


def test_the_longest_message_is_the_one_of_the_settings(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_message_length=5)

    assert api.say(api.open_session(), "hello").status_code == 202
    assert api.say(api.open_session(), "hello!").get_json()["detail"].endswith("Maximum: 5 characters.")


@pytest.mark.parametrize("body", [b"{", b'{"text": "hello"', b"text=hello", b"\xff", b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_refused(api: Api, body: bytes) -> None:
    session = api.open_session()
    answer = api.post(f"/sessions/{session}/messages", data=body, content_type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_does_not_say_it_is_json_is_refused(api: Api, content_type: str) -> None:
    session = api.open_session()
    answer = api.post(f"/sessions/{session}/messages", data=b'{"text": "hello"}', content_type=content_type)

    assert answer.status_code == 415


def test_a_busy_session_refuses_a_message_that_asked_for_it(api: Api) -> None:
    session = api.open_session()
    assert api.say(session, json={"on_busy": "reject"}).status_code == 202

    answer = api.say(session, json={"on_busy": "reject"})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "session_busy")
    assert api.say(session, json={"on_busy": "enqueue"}).status_code == 202
    assert api.number_of_jobs(session) == 2


def test_a_session_that_ends_too_soon_takes_no_job(settings: Settings, redis: Any) -> None:
    api = Api(settings, session_max_hours=1, job_deadline_seconds=3601)
    session = api.open_session()

    answer = api.say(session)

    assert (answer.status_code, answer.get_json()["code"]) == (409, "session_ending")
    assert "POST /sessions" in answer.get_json()["detail"]
    assert api.say(session, headers={"Cancel-After": "60s"}).status_code == 202
