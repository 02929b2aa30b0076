"""Limits: who is over one is told which, and when to come back."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from tests.integration.web.api import KEY, OTHER, WAV, Api

LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
PAGE = "https://coach.example.org"
RATES = ("RATE_LIMIT_SESSIONS_PER_HOUR", "RATE_LIMIT_MESSAGES_PER_HOUR", "RATE_LIMIT_VOICE_PER_HOUR")


def _assert_too_many(answer: TestResponse, policy: str) -> None:
    body = answer.get_json()
    retry_after = int(answer.headers["Retry-After"])
    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert body["detail"] == {
        "error": "rate_limit_exceeded",
        "message": "Too many requests. Please slow down.",
        "retry_after": retry_after,
    }
    assert body["errors"] == [{"policy": policy}]
    assert body["code"] == "rate_limit_exceeded"
    assert 1 <= retry_after <= 3601  # flask-limiter rounds the end of its hour up to a whole second


def _call(api: Api, policy: str, session: str, key: str) -> TestResponse:
    if "SESSIONS" in policy:
        return api.post("/sessions", key=key)
    if "VOICE" in policy:
        return api.record(session, ("audio", WAV, "a.wav", "audio/wav"), key=key)
    return api.say(session, key=key)


@pytest.mark.parametrize("policy", RATES)
def test_a_rate_limit_holds_per_key_and_is_told_with_every_answer(settings: Settings, redis: Any, policy: str) -> None:
    session = "" if "SESSIONS" in policy else Api(settings).open_session()
    others = "" if "SESSIONS" in policy else Api(settings).open_session(key=OTHER)
    api = Api(settings, **{policy.lower(): 2})

    answers = [_call(api, policy, session, KEY) for _ in range(3)]

    assert [answer.status_code < 300 for answer in answers] == [True, True, False]
    assert [answer.headers["X-RateLimit-Limit"] for answer in answers] == ["2"] * 3
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert all(time.time() <= float(answer.headers["X-RateLimit-Reset"]) <= time.time() + 3601 for answer in answers)
    _assert_too_many(answers[2], policy)
    assert _call(api, policy, others, OTHER).status_code < 300


@pytest.mark.parametrize("policy", RATES)
def test_a_limit_is_counted_for_all_processes_together(settings: Settings, redis: Any, policy: str) -> None:
    session = "" if "SESSIONS" in policy else Api(settings).open_session()
    one, other = (Api(settings, **{policy.lower(): 2}) for _ in range(2))

    assert [_call(api, policy, session, KEY).status_code < 300 for api in (one, other)] == [True, True]
    for api in (one, other):
        _assert_too_many(_call(api, policy, session, KEY), policy)


def test_a_refused_request_counts_too(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1, rate_limit_sessions_per_hour=1)

    session_refused = api.post("/sessions", json={"colour": "red"})
    message_refused = api.say("sess_" + "0" * 32)

    assert session_refused.status_code == 422
    assert message_refused.status_code == 404
    for answer in (session_refused, message_refused):
        assert answer.headers["X-RateLimit-Remaining"] == "0"
    _assert_too_many(api.post("/sessions"), "RATE_LIMIT_SESSIONS_PER_HOUR")
    _assert_too_many(api.say("sess_" + "0" * 32), "RATE_LIMIT_MESSAGES_PER_HOUR")


def test_looking_is_not_limited(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1, rate_limit_sessions_per_hour=1)
    session = api.open_session()
    job = api.say(session).get_json()["id"]

    for path in (f"/jobs/{job}", f"/sessions/{session}/messages", "/usage", "/limits", "/healthz", "/livez"):
        answers = [api.get(path) for _ in range(3)]
        assert not any(answer.status_code == 429 for answer in answers)
        assert not any(name in answer.headers for name in LIMITS for answer in answers), path


def test_an_accepted_message_is_told_when_to_look_not_when_the_limit_resets(settings: Settings, redis: Any) -> None:
    api = Api(settings)

    assert api.say(api.open_session()).headers.getlist("Retry-After") == ["1"]


def test_a_page_of_an_allowed_origin_can_read_the_refusal(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_sessions_per_hour=1, allowed_origins=(PAGE,))
    api.open_session()

    answer = api.post("/sessions", headers={"Origin": PAGE})

    assert answer.status_code == 429
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"Retry-After", *LIMITS} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize("policy", ["MAX_SESSIONS_PER_API_KEY", "MAX_TOTAL_SESSIONS"])
def test_a_cap_on_sessions_is_named(settings: Settings, redis: Any, policy: str) -> None:
    api = Api(settings, **{policy.lower(): 1})
    session = api.open_session()

    _assert_too_many(api.post("/sessions"), policy)
    anothers = api.post("/sessions", key=OTHER)
    if policy == "MAX_TOTAL_SESSIONS":
        _assert_too_many(anothers, policy)
    else:
        assert anothers.status_code == 201
        api.delete(f"/sessions/{anothers.get_json()['session_id']}", key=OTHER)
    api.delete(f"/sessions/{session}")
    assert api.post("/sessions").status_code == 201


def test_the_cap_on_waiting_jobs_is_named_and_leaves_nothing_behind(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_running_jobs_per_api_key=1, max_waiting_jobs_per_api_key=1)
    session, others = api.open_session(), api.open_session(key=OTHER)
    assert [api.say(session).status_code for _ in range(2)] == [202, 202]

    _assert_too_many(api.say(session), "MAX_WAITING_JOBS_PER_API_KEY")
    _assert_too_many(api.record(session, ("audio", WAV, "a.wav", "audio/wav")), "MAX_WAITING_JOBS_PER_API_KEY")

    assert api.number_of_jobs(session) == 2
    assert api.say(others, key=OTHER).status_code == 202
