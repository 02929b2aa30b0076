"""Probes: alive, ready, well."""

from __future__ import annotations

import time
from typing import Any

import pytest

from config import Settings
from store import keys
from store.health import Health
from tests.integration.web.api import Api

OF_JOBS = (keys.MESSAGES, keys.VOICE, keys.MAINTENANCE)
OLD_MS = 10 * 60 * 1000


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, rate_limit_sessions_per_hour=1, rate_limit_messages_per_hour=1)


def _all_well(redis: Any) -> Health:
    health = Health(redis)
    for queue in keys.QUEUES:
        health.saw_canary(queue)
    for name in ("qdrant", "model_api"):
        health.record(name, True)
    return health


def test_a_living_process_says_so_and_nothing_else(api: Api) -> None:
    answer = api.get("/livez", key=None)

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_not_ready_until_every_queue_of_jobs_is_consumed(api: Api, redis: Any) -> None:
    assert api.get("/readyz", key=None).status_code == 503
    for queue in OF_JOBS:
        answer = api.get("/readyz", key=None)
        assert (answer.status_code, answer.get_json()) == (503, {"status": "unavailable"})
        Health(redis).saw_canary(queue)

    answer = api.get("/readyz", key=None)

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_ready_while_no_webhook_is_sent_but_health_says_so(api: Api, redis: Any) -> None:
    _all_well(redis)
    redis.delete(keys.canary(keys.DELIVERIES))

    assert api.get("/readyz", key=None).status_code == 200
    assert api.get("/healthz").status_code == 503


@pytest.mark.parametrize("queue", OF_JOBS)
def test_it_is_not_ready_when_one_queue_is_no_longer_consumed(api: Api, redis: Any, queue: str) -> None:
    _all_well(redis)
    redis.set(keys.canary(queue), int(time.time() * 1000) - OLD_MS)

    assert api.get("/readyz", key=None).status_code == 503


def test_it_is_ready_while_the_model_is_away(api: Api, redis: Any) -> None:
    _all_well(redis).record("model_api", False)

    assert api.get("/readyz", key=None).status_code == 200


def test_health_needs_a_key(api: Api, redis: Any) -> None:
    _all_well(redis)

    assert api.get("/healthz", key=None).status_code == 401
    assert api.get("/healthz", key="wrong").status_code == 401
    assert api.get("/healthz").status_code == 200


def test_health_tells_every_check(api: Api, redis: Any) -> None:
    _all_well(redis)
    api.say(api.open_session())

    body = api.get("/healthz").get_json()

    assert body["status"] == "ok"
    assert set(body["checks"]) == {"redis", "queues", "qdrant", "model_api", "memory", "sessions"}
    assert body["checks"]["sessions"] == {"ok": True, "open": 1, "limit": api.settings.max_total_sessions}
    memory = body["checks"]["memory"]
    assert (memory["ok"], memory["limit_bytes"]) == (True, 1024**3)
    assert 0 < memory["used_bytes"] < memory["limit_bytes"]
    assert set(body["checks"]["queues"]) == set(keys.QUEUES)
    assert {queue: check["waiting"] for queue, check in body["checks"]["queues"].items()} == {
        "messages": 1,
        "voice": 0,
        "maintenance": 0,
        "deliveries": 0,
    }
    for check in [body["checks"]["qdrant"], body["checks"]["model_api"]]:
        assert check["ok"] is True
        assert 0 <= check["age_seconds"] < 60
    assert all(0 <= check["canary_age_seconds"] < 30 for check in body["checks"]["queues"].values())


def _no_canary(redis: Any) -> None:
    redis.delete(keys.canary("voice"))


def _old_canary(redis: Any) -> None:
    redis.set(keys.canary("voice"), int(time.time() * 1000) - OLD_MS)


def _qdrant_away(redis: Any) -> None:
    Health(redis).record("qdrant", False)


def _model_never_seen(redis: Any) -> None:
    redis.hdel(keys.HEALTH, "model_api")


def _old_check(redis: Any) -> None:
    redis.hset(keys.HEALTH, "model_api", '{"ok": true, "at": 1}')


@pytest.mark.parametrize(
    ("break_it", "wrong"),
    [
        (_no_canary, "voice"),
        (_old_canary, "voice"),
        (_qdrant_away, "qdrant"),
        (_model_never_seen, "model_api"),
        (_old_check, "model_api"),
    ],
)
def test_health_names_what_is_wrong(api: Api, redis: Any, break_it: Any, wrong: str) -> None:
    _all_well(redis)
    break_it(redis)

    answer = api.get("/healthz")
    body = answer.get_json()

    assert (answer.status_code, body["status"]) == (503, "degraded")
    checks = {**body["checks"].pop("queues"), **body["checks"]}
    assert [name for name, check in checks.items() if not check["ok"]] == [wrong]


def test_probes_are_not_rate_limited(api: Api, redis: Any) -> None:
    _all_well(redis)

    for path in ("/livez", "/readyz", "/healthz"):
        assert {api.get(path).status_code for _ in range(5)} == {200}
