"""A message that reads like an emergency is answered with help, whatever else is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

import safety
from config import Settings
from store import keys
from tests.integration.web.api import CRISIS, EMERGENCY, OTHER, Api, job_id_of

UNKNOWN = "sess_" + "0" * 32
LOCALES = {"CA": ("911", "9-8-8"), "UK": ("999", "116 123"), "AU": ("000", "13 11 14")}


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _help(text: str) -> str:
    return safety.fixed_text(safety.triage(text, "CA"))


def _assert_escalated(answer: TestResponse, text: str = EMERGENCY) -> dict[str, Any]:
    job: dict[str, Any] = answer.get_json()
    assert answer.status_code == 200, job
    assert (job["status"], job["outcome"], job["type"]) == ("completed", "escalated", "message")
    assert job["output"] == {"text": _help(text), "citations": [], "audio_url": None}
    return job


@pytest.mark.parametrize("text", [EMERGENCY, CRISIS])
def test_it_is_answered_at_once_with_the_fixed_text(api: Api, text: str) -> None:
    session = api.open_session()

    answer = api.say(session, text)
    job = _assert_escalated(answer, text)

    assert job["id"] == job_id_of(session)
    assert job["guardrails"] == [{"name": "safety", "phase": "input", "verdict": "block"}]
    assert job["completed_at"] >= job["created_at"]
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert "Retry-After" not in answer.headers
    assert "safety" not in job
    assert api.get(f"/jobs/{job['id']}").get_json() == job
    assert api.redis.llen(keys.MESSAGES) == 0


@pytest.mark.parametrize("locale", LOCALES)
def test_the_text_names_the_services_of_the_locale(settings: Settings, redis: Any, locale: str) -> None:
    api = Api(settings, safety_locale=locale)
    session = api.open_session()
    emergency, crisis = LOCALES[locale]

    assert emergency in api.say(session, EMERGENCY).get_json()["output"]["text"]
    assert crisis in api.say(session, CRISIS).get_json()["output"]["text"]


def test_it_stands_in_the_history(api: Api) -> None:
    session = api.open_session()
    job = api.say(session, EMERGENCY).get_json()

    turns = [(turn["role"], turn["text"], turn["job_id"]) for turn in api.history(session)]

    assert turns == [("user", EMERGENCY, job["id"]), ("assistant", _help(EMERGENCY), job["id"])]


def test_it_does_not_wait_behind_the_jobs_of_its_session(api: Api) -> None:
    session = api.open_session()
    api.say(session, "Is walking enough?")

    job = _assert_escalated(api.say(session, EMERGENCY, json={"on_busy": "reject"}))

    assert job["id"] == job_id_of(session, 2)
    assert api.get(f"/jobs/{job_id_of(session)}").get_json()["status"] == "queued"
    api.finish(job_id_of(session))
    assert [turn["job_id"] for turn in api.history(session)] == [job_id_of(session, n) for n in (2, 2, 1, 1)]


def test_no_rate_limit_refuses_it(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1)
    session = api.open_session()
    assert [api.say(session).status_code for _ in range(2)] == [202, 429]

    for _ in range(3):
        _assert_escalated(api.say(session, EMERGENCY))


def test_no_cap_on_waiting_jobs_refuses_it(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_running_jobs_per_api_key=1, max_waiting_jobs_per_api_key=1)
    session = api.open_session()
    assert [api.say(session).status_code for _ in range(3)] == [202, 202, 429]

    _assert_escalated(api.say(session, EMERGENCY))


def test_the_end_of_the_session_does_not_refuse_it(settings: Settings, redis: Any) -> None:
    api = Api(settings, session_max_hours=1, job_deadline_seconds=3601)
    session = api.open_session()
    assert api.say(session).status_code == 409

    _assert_escalated(api.say(session, EMERGENCY))


@pytest.mark.parametrize(
    "more",
    [
        {"colour": "red"},
        {"on_busy": "shout"},
        {"speak": "maybe"},
        {"metadata": "x"},
        {"metadata": {"a": "x" * 5000}},
        {"metadata": {"a": "half a \ud83d character"}},
    ],
)
def test_no_other_field_refuses_it(api: Api, more: dict[str, Any]) -> None:
    job = _assert_escalated(api.say(api.open_session(), EMERGENCY, json=more))

    assert job["metadata"] == {}


def test_it_keeps_the_metadata_it_came_with(api: Api) -> None:
    more = {"metadata": {"page": "home"}, "colour": "red"}

    assert _assert_escalated(api.say(api.open_session(), EMERGENCY, json=more))["metadata"] == {"page": "home"}


@pytest.mark.parametrize("headers", [{"Cancel-After": "soon"}, {"Prefer": "wait=soon"}, {"Idempotency-Key": "k" * 300}])
def test_no_header_refuses_it(api: Api, headers: dict[str, str]) -> None:
    session = api.open_session()

    _assert_escalated(api.say(session, EMERGENCY, headers=headers))
    assert api.post(f"/sessions/{session}/messages?wait=x", json={"text": EMERGENCY}).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml", "application/json; charset=latin-1"])
def test_no_content_type_refuses_it(api: Api, content_type: str) -> None:
    body = json.dumps({"text": EMERGENCY}).encode()

    _assert_escalated(api.post(f"/sessions/{api.open_session()}/messages", data=body, content_type=content_type))


def test_it_may_come_from_a_form(api: Api) -> None:
    _assert_escalated(api.post(f"/sessions/{api.open_session()}/messages", data={"text": EMERGENCY}))


def test_no_length_refuses_it_and_the_history_keeps_what_fits(api: Api) -> None:
    session = api.open_session()
    text = EMERGENCY + " and it goes on" * 1000

    _assert_escalated(api.say(session, text))

    assert api.history(session)[0]["text"] == text[: api.settings.max_message_length]


def test_half_a_character_does_not_refuse_it(api: Api) -> None:
    session = api.open_session()

    _assert_escalated(api.say(session, EMERGENCY + " \ud83d"))
    assert api.history(session)[0]["text"] == EMERGENCY + " ?"


def test_the_same_one_twice_is_one_turn(api: Api) -> None:
    session = api.open_session()

    first, again = (api.say(session, EMERGENCY, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert _assert_escalated(first)["id"] == _assert_escalated(again)["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.history(session)) == 2


def test_a_refusal_carries_the_help(api: Api) -> None:
    mine, others = api.open_session(), api.open_session(key=OTHER)
    expected = {"category": "emergency", "text": _help(EMERGENCY)}
    api.say(mine, headers={"Idempotency-Key": "used"})

    refusals = {
        404: [
            api.say(UNKNOWN, EMERGENCY),
            api.say(others, EMERGENCY),
            api.post("/jobs/x/cancel", json={"text": EMERGENCY}),
            api.post("/nothing-here", json={"text": EMERGENCY}, headers={}),
        ],
        422: [
            api.say(mine, EMERGENCY, headers={"Idempotency-Key": "used"}),
            api.post("/sessions", json={"text": EMERGENCY}),
            api.post(f"/sessions/{mine}/voice-chat", json={"text": EMERGENCY}),
        ],
        415: [api.post("/sessions", data=json.dumps({"text": EMERGENCY}), content_type="text/plain")],
    }

    for status, answers in refusals.items():
        for answer in answers:
            assert answer.status_code == status
            assert answer.get_json()["safety"] == expected
            assert answer.content_type == "application/problem+json"


def test_a_limited_route_refuses_with_the_help(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_sessions_per_hour=1)
    api.open_session()

    answer = api.post("/sessions", json={"text": CRISIS})

    assert answer.status_code == 429
    assert answer.get_json()["safety"] == {"category": "crisis", "text": _help(CRISIS)}


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_without_a_good_key_nothing_is_said(api: Api, key: str | None) -> None:
    answer = api.say(api.open_session(), EMERGENCY, key=key)

    assert answer.status_code == 401
    assert "safety" not in answer.get_json()


@pytest.mark.parametrize(
    "text", ["Is walking enough?", "My chest expander is in the garage", "I could kill for a cake"]
)
def test_an_ordinary_message_goes_to_the_coach(api: Api, text: str) -> None:
    assert api.say(api.open_session(), text).status_code == 202


def test_a_refusal_of_an_ordinary_message_carries_no_help(api: Api) -> None:
    assert "safety" not in api.say(UNKNOWN).get_json()


def test_the_help_of_one_request_is_not_given_to_the_next(api: Api) -> None:
    api.say(UNKNOWN, EMERGENCY)

    assert "safety" not in api.say(UNKNOWN).get_json()
    assert "safety" not in api.get("/jobs/x").get_json()
