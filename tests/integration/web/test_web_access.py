"""Who may see what: keys, scopes, and other people's sessions and jobs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from store.api_keys import ApiKeys
from tests.integration.web.api import KEY, OTHER, WAV, Api, job_id_of

UNKNOWN = "sess_" + "0" * 32
# What differs between two answers that say the same.
VARYING = {"X-Request-ID", "X-RateLimit-Remaining", "Date"}
BY_ID = [
    ("GET", "/sessions/{session}"),
    ("DELETE", "/sessions/{session}"),
    ("GET", "/sessions/{session}/messages"),
    ("POST", "/sessions/{session}/messages"),
    ("POST", "/sessions/{session}/voice-chat"),
    ("GET", "/jobs/{job}"),
    ("GET", "/jobs/{job}?wait=5"),
    ("POST", "/jobs/{job}/cancel"),
    ("GET", "/jobs/{job}/audio"),
    ("GET", "/jobs/{job}/events"),
    ("DELETE", "/jobs/{job}"),
    ("GET", "/jobs/{job}/deliveries"),
    ("GET", "/webhook-endpoints/{endpoint}"),
    ("PATCH", "/webhook-endpoints/{endpoint}"),
    ("DELETE", "/webhook-endpoints/{endpoint}"),
    ("POST", "/webhook-endpoints/{endpoint}/rotate-secret"),
    ("POST", "/webhook-endpoints/{endpoint}/test"),
    ("GET", "/deliveries/{delivery}"),
    ("POST", "/deliveries/{delivery}/replay"),
]
OF_NOBODY = {
    "session": UNKNOWN,
    "job": job_id_of(UNKNOWN),
    "endpoint": "whep_" + "0" * 32,
    "delivery": f"dlv_{'0' * 32}_1_0",
}


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


@pytest.mark.parametrize(
    "key", ["wrong", KEY + "x", KEY[:-1], KEY.upper(), f" {KEY} x", f"{KEY},{OTHER}", "*", "x" * 1_000_000]
)
def test_a_wrong_key_is_refused(api: Api, key: str) -> None:
    answer = api.get("/jobs/x", key=key)

    assert answer.status_code == 401
    assert answer.get_json()["detail"] == "Invalid API key."
    assert answer.get_json()["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "header", ["\xff\xfe", "clé", "\x00", "\x7f\x80", "a\tb", "日本".encode().decode("latin-1"), "\ud800", "日"]
)
def test_odd_bytes_in_the_header_are_a_wrong_key(api: Api, header: str) -> None:
    answer = api.request("GET", "/jobs/x", key=None, environ_overrides={"HTTP_X_API_KEY": header})

    assert answer.status_code == 401
    assert answer.get_json()["detail"] == "Invalid API key."


def test_a_key_may_be_written_in_any_script(settings: Settings, redis: Any) -> None:
    key = "clé-日本"
    api = Api(settings, api_keys=(KEY, key))

    sent = key.encode().decode("latin-1")  # WSGI: header bytes as latin-1
    answer = api.request("POST", "/sessions", key=None, environ_overrides={"HTTP_X_API_KEY": sent})

    assert answer.status_code == 201


def test_a_key_without_the_scope_is_told_so(api: Api, redis: Any) -> None:
    api.open_session()
    ApiKeys(redis).add("an-admin-only", name="operator", scopes=("admin",), source="test")

    for method, path in [("POST", "/sessions"), ("GET", "/jobs/x"), ("GET", "/healthz")]:
        answer = api.request(method, path, key="an-admin-only")
        assert answer.status_code == 403
        assert answer.get_json()["code"] == "missing_scope"
        assert "`jobs`" in answer.get_json()["detail"]


def test_the_admin_key_may_use_the_service_too(settings: Settings, redis: Any) -> None:
    api = Api(settings, admin_api_key="the-admin-key")

    assert api.post("/sessions", key="the-admin-key").status_code == 201


def test_an_expired_key_is_a_wrong_key(api: Api, redis: Any) -> None:
    api.open_session()
    keys = ApiKeys(redis)
    keys.add("still-good", name="a", scopes=("jobs",), source="test", expires_at=time.time() + 3600)
    keys.add("expired", name="b", scopes=("jobs",), source="test", expires_at=time.time() - 1)

    assert api.get("/jobs/x", key="still-good").status_code == 404
    assert api.get("/jobs/x", key="expired").status_code == 401


def test_a_key_taken_out_of_the_environment_is_refused_from_the_next_start(settings: Settings, redis: Any) -> None:
    Api(settings).open_session(key=OTHER)
    later = Api(settings, api_keys=(KEY,))

    assert later.post("/sessions", key=OTHER).status_code == 401
    assert later.post("/sessions").status_code == 201


def _ask(api: Api, redis: Any, method: str, path: str, key: str) -> tuple[TestResponse, dict[str, int]]:
    """The answer, and how often each Redis command was used for it."""
    redis.config_resetstat()
    if path.endswith("/messages") and method == "POST":
        answer = api.request(method, path, key=key, json={"text": "hello"})
    elif path.endswith("/voice-chat"):
        session = path.split("/")[2]
        answer = api.record(session, ("audio", WAV, "a.wav", "audio/wav"), key=key)
    elif method == "PATCH":
        answer = api.request(method, path, key=key, json={"enabled": True})
    else:
        answer = api.request(method, path, key=key)
    counts = {name: stat["calls"] for name, stat in redis.info("commandstats").items()}
    return answer, {name: calls for name, calls in counts.items() if "config" not in name and "info" not in name}


@pytest.mark.parametrize(("method", "path"), BY_ID)
def test_what_is_another_clients_does_not_exist(api: Api, redis: Any, method: str, path: str) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    endpoint = api.register()["id"]
    delivery = api.post(f"/webhook-endpoints/{endpoint}/test").get_json()["id"]
    foreign = path.format(session=session, job=job, endpoint=endpoint, delivery=delivery)
    unknown = path.format(**OF_NOBODY)
    _ask(api, redis, method, unknown, OTHER)  # scripts are loaded, connections open

    not_there, work = _ask(api, redis, method, unknown, OTHER)
    not_mine, same_work = _ask(api, redis, method, foreign, OTHER)

    assert not_there.status_code == not_mine.status_code == 404
    bodies = [
        answer.get_data().replace(answer.headers["X-Request-ID"].encode(), b"-") for answer in (not_there, not_mine)
    ]
    assert bodies[0] == bodies[1]
    headers = [[item for item in answer.headers if item[0] not in VARYING] for answer in (not_there, not_mine)]
    assert headers[0] == headers[1]
    assert work == same_work
    assert sum(work.values()) > 0
    assert api.get(f"/jobs/{job}").get_json()["status"] == "queued"
    assert api.get(f"/webhook-endpoints/{endpoint}").get_json()["enabled"] is True


def test_every_route_with_an_id_is_among_those_tested(api: Api) -> None:
    tested = {(method, path.partition("?")[0].format(**dict.fromkeys(OF_NOBODY, "x"))) for method, path in BY_ID}
    urls = api.app.url_map.bind("localhost")
    for rule in api.app.url_map.iter_rules():
        if rule.arguments & {"session_id", "job_id", "endpoint_id", "delivery_id"}:
            path = urls.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
            assert {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}} <= tested
