"""The same policy on every answer: what a page may not read of an error, its person never learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from werkzeug.test import TestResponse

from config import Settings
from tests.integration.web.api import WAV, Api
from tests.unit.web.apps import NO_REDIS

PAGE = "https://coach.example.org"
EVIL = "https://coach.example.org.evil.example"


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, allowed_origins=(PAGE,), rate_limit_sessions_per_hour=2, max_audio_size_mb=1)


def _of(origin: str) -> dict[str, Any]:
    return {"headers": {"Origin": origin}}


def _created(api: Api, origin: str) -> TestResponse:
    return api.post("/sessions", **_of(origin))


def _no_key(api: Api, origin: str) -> TestResponse:
    return api.post("/sessions", key=None, **_of(origin))


def _not_there(api: Api, origin: str) -> TestResponse:
    return api.get("/jobs/x", **_of(origin))


def _no_method(api: Api, origin: str) -> TestResponse:
    return api.request("PUT", "/sessions", **_of(origin))


def _too_large(api: Api, origin: str) -> TestResponse:
    session = api.open_session()
    return api.record(session, ("audio", WAV.ljust(2_000_000, b"\0"), "a.wav", "audio/wav"), **_of(origin))


def _not_audio(api: Api, origin: str) -> TestResponse:
    return api.record(api.open_session(), ("audio", b"a text", "a.wav", "audio/wav"), **_of(origin))


def _invalid(api: Api, origin: str) -> TestResponse:
    return api.say(api.open_session(), " ", **_of(origin))


def _not_json(api: Api, origin: str) -> TestResponse:
    return api.post("/sessions", data="{", content_type="application/json", **_of(origin))


def _too_many(api: Api, origin: str) -> TestResponse:
    api.open_session()
    api.open_session()
    return api.post("/sessions", **_of(origin))


def _broken(api: Api, origin: str) -> TestResponse:
    session, nothing = api.open_session(), cast("Any", None)
    api.app.extensions["services"] = replace(api.services, history=nothing)
    answer = api.get(f"/sessions/{session}", **_of(origin))
    api.app.extensions["services"] = api.services
    return answer


def _away(api: Api, origin: str) -> TestResponse:
    return Api(replace(api.settings, redis_url=NO_REDIS)).post("/sessions", **_of(origin))


def _http(api: Api, origin: str) -> TestResponse:
    return Api(api.settings, force_https=True).post("/sessions", **_of(origin))


ANSWERS: dict[Callable[[Api, str], TestResponse], int] = {
    _created: 201,
    _not_json: 400,
    _no_key: 401,
    _http: 403,
    _not_there: 404,
    _no_method: 405,
    _too_large: 413,
    _not_audio: 415,
    _invalid: 422,
    _too_many: 429,
    _broken: 500,
    _away: 503,
}


@pytest.mark.parametrize("ask", ANSWERS, ids=lambda case: case.__name__)
def test_an_answer_of_any_status_carries_the_same_policy(api: Api, ask: Callable[[Api, str], TestResponse]) -> None:
    answer = ask(api, PAGE)
    other = api.get("/livez", **_of(PAGE))

    assert answer.status_code == ANSWERS[ask]
    policy = {name: value for name, value in other.headers if name.startswith("Access-Control-") or name == "Vary"}
    assert policy["Access-Control-Allow-Origin"] == PAGE
    assert {name: answer.headers.get(name) for name in policy} == policy
    assert not [name for name in answer.headers.keys() if name.startswith("Access-") and name not in policy]  # noqa: SIM118


@pytest.mark.parametrize("ask", ANSWERS, ids=lambda case: case.__name__)
def test_no_answer_of_any_status_may_be_read_by_another_page(api: Api, ask: Callable[[Api, str], TestResponse]) -> None:
    answer = ask(api, EVIL)

    assert answer.status_code == ANSWERS[ask]
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118


def test_a_preflight_needs_no_key_and_counts_for_no_limit(api: Api) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    for _ in range(5):
        answer = api.request("OPTIONS", "/sessions", key=None, headers=headers)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)

    assert api.post("/sessions").status_code == 201
