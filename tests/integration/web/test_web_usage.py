"""`GET /usage` and `GET /limits` say what is true, and looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import EMERGENCY, HOOK, OTHER, TOKENS, WAV, Api

HOSTED: dict[str, Any] = {
    "offline": False,
    "openai_model": "gpt-4o-mini",
    "openai_transcription_model": "whisper-1",
    "openai_speech_model": "tts-1",
}
COST = 12 * 0.15 + 34 * 0.60  # of TOKENS, in micro-dollars: 22.2, rounded up to 23
RECORDING = ("audio", WAV, "a.wav", "audio/wav")


def _limits(api: Api, **more: Any) -> dict[str, dict[str, Any]]:
    answer = api.get("/limits", **more)
    assert answer.status_code == 200
    return {limit["policy"]: limit for limit in answer.get_json()["data"]}


def _usage(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.get("/usage", **more)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def _midnight() -> str:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{today + timedelta(days=1):%Y-%m-%dT%H:%M:%S}.000Z"


def test_usage_counts_what_jobs_used_and_what_is_reserved_for_others(settings: Settings, redis: Any) -> None:
    api = Api(settings, **HOSTED, daily_budget_usd=Decimal("0.5"))
    session = api.open_session()
    api.finish(api.say(session).get_json()["id"])
    before = _usage(api)
    api.say(session)

    body = _usage(api)

    assert body["today"] == {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "jobs": 2,
        "input_tokens": TOKENS[0],
        "output_tokens": TOKENS[1],
        "audio_seconds": 0,
        "speech_characters": 0,
        "cost_usd": "0.000023",
    }
    assert len(body["days"]) == 7
    assert body["days"][0] == body["today"]
    assert before["reserved_usd"] == "0.000000"
    assert Decimal(body["reserved_usd"]) > Decimal("0.001")
    assert body["budget"]["limit_usd"] == "0.500000"
    left = Decimal("0.5") - Decimal("0.000023") - Decimal(body["reserved_usd"])
    assert Decimal(body["budget"]["remaining_usd"]) == left
    assert body["budget"]["reset_at"] == _midnight()
    assert body["prices"]["known"] is True
    nothing = _usage(api, key=OTHER)
    assert (nothing["today"]["jobs"], nothing["today"]["cost_usd"]) == (0, "0.000000")


def test_without_a_budget_offline_everything_is_free_and_counted(settings: Settings, redis: Any) -> None:
    api = Api(settings)
    api.finish(api.say(api.open_session()).get_json()["id"])

    body = _usage(api)

    assert (body["today"]["input_tokens"], body["today"]["cost_usd"]) == (TOKENS[0], "0.000000")
    assert body["budget"] == {"limit_usd": None, "remaining_usd": None, "reset_at": _midnight()}
    assert _limits(api)["DAILY_BUDGET_USD"]["limit"] is None


def test_usage_says_when_a_price_is_not_known(settings: Settings, redis: Any) -> None:
    assert _usage(Api(settings, **{**HOSTED, "openai_model": "of-our-own"}))["prices"]["known"] is False


def test_a_job_over_the_daily_budget_is_refused_until_midnight(settings: Settings, redis: Any) -> None:
    api = Api(settings, **HOSTED, daily_budget_usd=Decimal("0.002"))
    rich = Api(settings, **HOSTED, daily_budget_usd=Decimal("5"))
    session = api.open_session()
    assert api.say(session).status_code == 202

    answer = api.say(session)

    assert answer.status_code == 429
    body = answer.get_json()
    assert body["errors"] == [{"policy": "DAILY_BUDGET_USD"}]
    assert body["detail"]["error"] == "rate_limit_exceeded"
    to_midnight = (datetime.fromisoformat(_midnight()) - datetime.now(UTC)).total_seconds()
    assert int(answer.headers["Retry-After"]) == body["detail"]["retry_after"] == pytest.approx(to_midnight, abs=5)
    assert api.record(session, RECORDING).get_json()["errors"] == [{"policy": "DAILY_BUDGET_USD"}]
    assert api.say(session, EMERGENCY).status_code == 200
    assert api.say(api.open_session(key=OTHER), key=OTHER).status_code == 202
    assert rich.say(session).status_code == 202  # the same key, another DAILY_BUDGET_USD


def test_a_refusal_names_every_limit_that_is_reached(settings: Settings, redis: Any) -> None:
    earlier = Api(settings, max_running_jobs_per_api_key=1)
    session = earlier.open_session()
    for _ in range(2):
        earlier.say(session)
    changes = {"rate_limit_messages_per_hour": 1, "max_waiting_jobs_per_api_key": 1, "daily_budget_usd": Decimal(0)}
    api = Api(settings, **HOSTED, **changes, max_running_jobs_per_api_key=1)

    within_the_rate, over_the_rate = api.say(session), api.say(session)

    others = ["MAX_WAITING_JOBS_PER_API_KEY", "DAILY_BUDGET_USD"]
    assert [error["policy"] for error in within_the_rate.get_json()["errors"]] == others
    named = [error["policy"] for error in over_the_rate.get_json()["errors"]]
    assert named == ["RATE_LIMIT_MESSAGES_PER_HOUR", *others]
    to_midnight = (datetime.fromisoformat(_midnight()) - datetime.now(UTC)).total_seconds()
    assert int(over_the_rate.headers["Retry-After"]) >= to_midnight - 5


def test_a_refused_session_names_every_limit_that_is_reached(settings: Settings, redis: Any) -> None:
    caps = {"max_sessions_per_api_key": 1, "max_total_sessions": 1}
    api = Api(settings, **caps, rate_limit_sessions_per_hour=2)
    api.open_session()

    named = [[error["policy"] for error in api.post("/sessions").get_json()["errors"]] for _ in range(2)]

    assert named[0] == ["MAX_SESSIONS_PER_API_KEY", "MAX_TOTAL_SESSIONS"]
    assert named[1] == ["RATE_LIMIT_SESSIONS_PER_HOUR", *named[0]]


def _open(api: Api, session: str) -> object:
    return api.open_session()


def _say(api: Api, session: str) -> object:
    return api.say(session)


def _record(api: Api, session: str) -> object:
    return api.record(session, RECORDING)


def _register(api: Api, session: str) -> object:
    return api.register(HOOK)


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ("RATE_LIMIT_SESSIONS_PER_HOUR", _open),
        ("RATE_LIMIT_MESSAGES_PER_HOUR", _say),
        ("RATE_LIMIT_VOICE_PER_HOUR", _record),
        ("WEBHOOK_CALLS_PER_HOUR", _register),
        ("MAX_SESSIONS_PER_API_KEY", _open),
        ("MAX_WAITING_JOBS_PER_API_KEY", _say),
        ("MAX_RUNNING_JOBS_PER_API_KEY", _record),
        ("RATE_LIMIT_VOICE_CONCURRENT", _record),
    ],
)
def test_what_remains_of_a_limit_is_true(
    settings: Settings, redis: Any, policy: str, call: Callable[[Api, str], object]
) -> None:
    api = Api(settings, max_running_jobs_per_api_key=3)
    session = api.open_session()
    if policy == "MAX_WAITING_JOBS_PER_API_KEY":
        api.say(session)  # it runs; the others of the session wait
    before = _limits(api)[policy]

    times = 1 if policy in {"RATE_LIMIT_VOICE_CONCURRENT", "MAX_RUNNING_JOBS_PER_API_KEY"} else 3
    for _ in range(times):
        call(api, session)

    after = _limits(api)[policy]
    assert after["remaining"] == before["remaining"] - times
    assert after["limit"] == before["limit"] >= before["remaining"]
    assert _limits(api, key=OTHER)[policy]["remaining"] == before["limit"]
    if after["per"] == "hour":
        ends = datetime.fromisoformat(after["reset_at"])
        assert datetime.now(UTC) < ends <= datetime.now(UTC) + timedelta(seconds=3601)
    else:
        assert after["reset_at"] is None


def test_the_last_request_that_remains_is_accepted_and_the_next_is_not(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=3)
    session = api.open_session()

    statuses = []
    while _limits(api)["RATE_LIMIT_MESSAGES_PER_HOUR"]["remaining"] > 0:
        statuses.append(api.say(session).status_code)

    assert statuses == [202] * 3
    assert api.say(session).status_code == 429


def test_every_limit_is_listed_with_its_value_and_those_of_others_stay_unknown(settings: Settings, redis: Any) -> None:
    api = Api(settings)
    listed = _limits(api)

    policies = set(listed) - {"WEBHOOK_CALLS_PER_HOUR", "DAILY_BUDGET_USD"}
    assert {name: listed[name]["limit"] for name in policies} == {
        name: getattr(api.settings, name.lower()) for name in policies
    }
    limits = {name for name in vars(settings) if name.startswith(("rate_limit_", "max_"))} - {"max_history_messages"}
    assert {name.upper() for name in limits} | {"JOB_DEADLINE_SECONDS"} == policies
    assert listed["MAX_TOTAL_SESSIONS"]["remaining"] is None


def test_looking_at_limits_and_usage_uses_nothing_up(settings: Settings, redis: Any) -> None:
    api = Api(settings, **HOSTED, daily_budget_usd=Decimal(1))
    api.say(api.open_session())
    left = {policy: limit["remaining"] for policy, limit in _limits(api).items()}
    used = _usage(api)

    for _ in range(5):
        assert {policy: limit["remaining"] for policy, limit in _limits(api).items()} == left
        assert _usage(api) == used


def test_usage_and_limits_need_a_key(settings: Settings, redis: Any) -> None:
    api = Api(settings)
    for path in ("/usage", "/limits"):
        assert api.get(path, key=None).status_code == 401
