"""Opening a session, reading it back, erasing it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import Settings
from store.history import Message
from tests.integration.web.api import OTHER, WAV, Api, job_id_of


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, rate_limit_sessions_per_hour=1000)


def test_a_session_is_opened_without_a_body(api: Api) -> None:
    answer = api.post("/sessions")
    body = answer.get_json()

    assert answer.status_code == 201
    assert list(body) == ["session_id", "created_at", "expires_at", "metadata"]
    assert re.fullmatch(r"sess_[0-9a-f]{32}", body["session_id"])
    assert body["metadata"] == {}
    created, expires = (datetime.fromisoformat(body[name]) for name in ("created_at", "expires_at"))
    assert body["created_at"].endswith("Z")
    assert expires - created == timedelta(minutes=api.settings.session_ttl_minutes)


@pytest.mark.parametrize("more", [{"json": {}}, {"data": b"", "content_type": "application/json"}, {"data": b""}])
def test_an_empty_body_is_no_body(api: Api, more: dict[str, Any]) -> None:
    assert api.post("/sessions", **more).status_code == 201


def test_metadata_comes_back_as_it_was_given(api: Api) -> None:
    metadata = {"page": "home", "n": [1, 2.5, None], "nested": {"é": True}}

    assert api.post("/sessions", json={"metadata": metadata}).get_json()["metadata"] == metadata


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"metadata": {"a": "x" * 4096}}, "metadata"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": None}, "metadata"),
        ({"colour": "red"}, "colour"),
        ([], "_schema"),
        (None, "_schema"),
        ("x", "_schema"),
    ],
)
def test_a_body_that_is_not_as_expected_is_refused_by_field(api: Api, body: Any, field: str) -> None:
    answer = api.post("/sessions", data=json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert set(answer.get_json()["errors"]["json"]) == {field}


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"])
def test_a_body_that_does_not_say_it_is_json_is_refused(api: Api, content_type: str) -> None:
    answer = api.post("/sessions", data=b'{"metadata": {"a": 1}}', content_type=content_type)

    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"metadata=1", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 10_000])
def test_a_body_that_cannot_be_read_is_refused(api: Api, body: bytes) -> None:
    answer = api.post("/sessions", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_request"


def test_a_new_session_has_no_history(api: Api) -> None:
    answer = api.get(f"/sessions/{api.open_session()}/messages")

    assert (answer.status_code, answer.get_json()) == (200, {"data": [], "next_cursor": None})


def test_history_is_oldest_first_with_its_sources(api: Api) -> None:
    session = api.open_session()
    for number in (1, 2):
        api.say(session, f"question {number}")
        api.finish(job_id_of(session, number), f"answer {number}")

    history = api.history(session)

    assert [(turn["role"], turn["text"]) for turn in history] == [
        ("user", "question 1"),
        ("assistant", "answer 1"),
        ("user", "question 2"),
        ("assistant", "answer 2"),
    ]
    assert [turn["job_id"] for turn in history] == [job_id_of(session, n) for n in (1, 1, 2, 2)]
    assert {tuple(turn) for turn in history} == {tuple(Message.__dataclass_fields__)}
    assert history[0]["citations"] == []
    assert set(history[1]["citations"][0]) == {"id", "title", "collection", "score", "quote"}
    assert all(turn["at"].endswith("Z") for turn in history)


def test_erasing_answers_a_receipt_and_leaves_nothing(api: Api, redis: Any) -> None:
    session = api.open_session(json={"metadata": {"a": 1}})
    api.say(session)
    api.finish(job_id_of(session))
    api.say(session, "and then?", headers={"Idempotency-Key": "once"})
    api.record(session, ("audio", WAV, "a.wav", "audio/wav"))

    answer = api.delete(f"/sessions/{session}")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "message": "Session cleared",
        "erased": {"sessions": 1, "messages": 2, "jobs": 3, "events": 0, "recordings": 1, "deliveries": 0},
    }
    left = [key for key in redis.scan_iter(match=f"*{session.removeprefix('sess_')}*")]
    assert left == []
    assert not list(redis.scan_iter(match="rr:idempotency:*"))


def test_an_erased_session_is_gone(api: Api) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    api.delete(f"/sessions/{session}")

    answers = [
        api.get(f"/sessions/{session}/messages"),
        api.say(session),
        api.record(session, ("audio", WAV, "a.wav", "audio/wav")),
        api.get(f"/jobs/{job}"),
        api.post(f"/jobs/{job}/cancel"),
        api.delete(f"/sessions/{session}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_nobody_else_can_erase_a_session(api: Api) -> None:
    session = api.open_session()

    assert api.delete(f"/sessions/{session}", key=OTHER).status_code == 404
    assert api.get(f"/sessions/{session}/messages").status_code == 200


def test_a_session_whose_time_is_over_is_gone(api: Api, redis: Any) -> None:
    session = api.open_session()
    redis.hset(f"rr:session:{session}", "expires_at", 1)

    assert api.get(f"/sessions/{session}/messages").status_code == 404
    assert api.say(session).status_code == 404
    assert api.delete(f"/sessions/{session}").status_code == 404
