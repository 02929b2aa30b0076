"""Addresses that are put off for wrong keys, and those that are blocked."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from store import keys
from store.addresses import WRONG_KEYS
from tests.integration.web.api import EMERGENCY, KEY, Api

HERE, THERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _from(api: Api, address: str, key: str | None = KEY, path: str = "/jobs/x", **more: Any) -> TestResponse:
    return api.request(more.pop("method", "GET"), path, key=key, environ_overrides={"REMOTE_ADDR": address}, **more)


def _try_wrong_keys(api: Api, address: str, times: int = WRONG_KEYS, **more: Any) -> list[int]:
    return [_from(api, address, "wrong", **more).status_code for _ in range(times)]


def test_the_fifty_first_wrong_key_from_an_address_is_put_off(api: Api) -> None:
    assert _try_wrong_keys(api, HERE) == [401] * 50
    answer = _from(api, HERE, "wrong")

    assert answer.status_code == 429
    assert answer.get_json()["detail"]["error"] == "rate_limit_exceeded"
    assert answer.get_json()["errors"] == [{"policy": "WRONG_API_KEYS"}]
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert answer.get_json()["detail"]["retry_after"] == int(answer.headers["Retry-After"])


def test_a_right_key_from_the_same_address_is_accepted_and_no_other_address_suffers(api: Api) -> None:
    _try_wrong_keys(api, HERE, 60)

    assert _from(api, HERE).status_code == 404
    assert _from(api, THERE, "wrong").status_code == 401
    assert _from(api, HERE, None).status_code == 401, "a missing key is no guess"


def test_right_and_missing_keys_are_not_counted(api: Api, redis: Any) -> None:
    for _ in range(3):
        _from(api, HERE)
        _from(api, HERE, None)
    _from(api, HERE, None, "/livez")

    assert not redis.exists(keys.WRONG_KEYS)


def test_the_count_is_shared_by_all_processes(api: Api, settings: Settings) -> None:
    _try_wrong_keys(api, HERE)

    assert _try_wrong_keys(Api(settings), HERE, 1) == [429]


def test_false_tokens_count_as_wrong_keys(api: Api) -> None:
    for _ in range(WRONG_KEYS):
        _from(api, HERE, None, headers={"Authorization": "Bearer sst_x"})

    assert _try_wrong_keys(api, HERE, 1) == [429]


def test_a_whole_ipv6_network_counts_as_one(api: Api) -> None:
    for number in range(WRONG_KEYS):
        _from(api, f"2001:db8:1:2::{number:x}", "wrong")

    assert _try_wrong_keys(api, "2001:db8:1:2:ffff::1", 1) == [429]
    assert _try_wrong_keys(api, "2001:db8:1:3::1", 1) == [401]


@pytest.mark.parametrize(("proxies", "others"), [(0, 429), (1, 401)])
def test_whose_address_counts_is_up_to_the_trusted_proxies(
    settings: Settings, redis: Any, proxies: int, others: int
) -> None:
    api = Api(settings, trusted_proxies=proxies)
    for number in range(WRONG_KEYS):
        forged = {"X-Forwarded-For": f"192.0.2.{number}, {HERE}"}
        _from(api, "10.0.0.1", "wrong", headers=forged)

    assert _try_wrong_keys(api, "10.0.0.1", 1, headers={"X-Forwarded-For": HERE}) == [429]
    assert _try_wrong_keys(api, "10.0.0.1", 1, headers={"X-Forwarded-For": THERE}) == [others]


def test_who_is_put_off_still_gets_help_in_an_emergency(api: Api) -> None:
    session = api.open_session()
    _try_wrong_keys(api, HERE)
    path, body = f"/sessions/{session}/messages", {"text": EMERGENCY}
    answer = _from(api, HERE, "wrong", path, method="POST", json=body)

    assert answer.status_code == 429
    assert "911" in answer.get_json()["safety"]["text"]
    assert "safety" not in _from(api, THERE, "wrong", path, method="POST", json=body).get_json()


def test_a_blocked_address_is_refused_before_its_key_is_looked_at(api: Api, redis: Any) -> None:
    api.open_session()
    api.services.addresses.block(HERE, hours=None, actor="test")
    redis.config_resetstat()
    answers = [_from(api, HERE, key) for key in (KEY, "wrong")]
    commands = redis.info("commandstats")

    for answer in answers:
        assert (answer.status_code, answer.get_json()["code"]) == (403, "blocked")
    assert answers[0].get_json() | {"request_id": ""} == answers[1].get_json() | {"request_id": ""}
    assert "cmdstat_hget" not in commands and "cmdstat_hgetall" not in commands
    assert _from(api, THERE).status_code == 404
    assert not redis.exists(keys.WRONG_KEYS)


def test_a_block_is_lifted_at_once(api: Api) -> None:
    api.services.addresses.block(HERE, hours=1, actor="test")
    assert _from(api, HERE).status_code == 403
    api.services.addresses.unblock(HERE, actor="test")

    assert _from(api, HERE).status_code == 404


def test_who_is_blocked_still_gets_help_in_an_emergency(api: Api) -> None:
    session = api.open_session()
    api.services.addresses.block(HERE, hours=None, actor="test")
    answer = _from(api, HERE, KEY, f"/sessions/{session}/messages", method="POST", json={"text": EMERGENCY})
    unreadable = _from(api, HERE, KEY, f"/sessions/{session}/messages", method="POST", data=b"x" * 500_000)

    assert answer.status_code == unreadable.status_code == 403
    assert "911" in answer.get_json()["safety"]["text"]


def test_probes_answer_a_blocked_address_too(api: Api) -> None:
    api.services.addresses.block(HERE, hours=None, actor="test")

    assert _from(api, HERE, None, "/livez").status_code == 200


def test_a_refusal_is_logged_with_the_address_to_block_and_not_the_key(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    _from(api, "2001:db8:1:2::9", "a-wrong-secret")
    api.services.addresses.block(HERE, hours=None, actor="test")
    _from(api, HERE, KEY)
    logged = [(line.getMessage(), line.__dict__.get("reason"), line.__dict__.get("address")) for line in caplog.records]

    assert ("Authentication failed", "invalid", "2001:db8:1:2::/64") in logged
    assert ("Authentication failed", "blocked", HERE) in logged
    assert "a-wrong-secret" not in str([line.__dict__ for line in caplog.records])
