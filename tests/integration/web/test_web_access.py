"""Who may see what: keys, scopes, and other people's sessions and jobs."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config import Settings
from store.api_keys import ApiKeys
from tests.integration.web.api import KEY, OTHER, WAV, Api, job_id_of
from tests.unit.web.apps import app_without_redis
from web import auth

UNKNOWN = "sess_" + "0" * 32
# What differs between two answers that say the same.
VARYING = {"X-Request-ID", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date"}  # the window may end a second later
OF_NOBODY = {
    "session_id": UNKNOWN,
    "job_id": job_id_of(UNKNOWN),
    "endpoint_id": "whep_" + "0" * 32,
    "delivery_id": f"dlv_{'0' * 32}_1_0",
    "key_id": "key_" + "0" * 16,
}
# What a route must be sent to get as far as looking for what its path names.
BODIES: dict[str, dict[str, Any]] = {
    "messages.post_message": {"json": {"text": "hello"}},
    "messages.post_recording": {"data": {"audio": (WAV, "a.wav", "audio/wav")}},
    "webhook_endpoints.change_endpoint": {"json": {"enabled": True}},
}
RULES = [
    (method, rule)
    for rule in app_without_redis().url_map.iter_rules()
    if rule.endpoint not in auth.PUBLIC
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
]
WITH_ID = [pytest.param(method, rule, id=f"{method} {rule.rule}") for method, rule in RULES if rule.arguments]
HAVE_SOMETHING = {"/sessions", "/jobs", "/webhook-endpoints", "/deliveries"}
LISTS = [rule.rule for method, rule in RULES if method == "GET" and not rule.arguments]


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def test_a_wrong_key_is_refused(api: Api) -> None:
    for key in ("wrong", KEY + "x", KEY[:-1], KEY.upper(), f" {KEY} x", f"{KEY},{OTHER}", "*", "x" * 1_000_000):
        answer = api.get("/jobs/x", key=key)
        assert answer.status_code == 401
        assert answer.get_json()["detail"] == "Invalid API key."
        assert answer.get_json()["code"] == "invalid_api_key"


def test_odd_bytes_in_the_header_are_a_wrong_key(api: Api) -> None:
    odd = ("\xff\xfe", "clé", "\x00", "\x7f\x80", "a\tb", "日本".encode().decode("latin-1"), "\ud800", "日")
    for header in odd:
        answer = api.request("GET", "/jobs/x", key=None, environ_overrides={"HTTP_X_API_KEY": header})
        assert answer.status_code == 401, header
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


def _ask(
    api: Api, method: str, rule: Rule, ids: dict[str, str], query: str = "", **caller: Any
) -> tuple[TestResponse, dict[str, int]]:
    """The answer, and how often each Redis command was used for it."""
    path = api.app.url_map.bind("localhost").build(rule.endpoint, {name: ids[name] for name in rule.arguments})
    more = dict(BODIES.get(rule.endpoint, {}))
    if "data" in more:
        more["data"] = {name: (io.BytesIO(part[0]), *part[1:]) for name, part in more["data"].items()}
    api.redis.config_resetstat()
    answer = api.request(method, path + query, **caller, **more)
    counts = {name: stat["calls"] for name, stat in api.redis.info("commandstats").items()}
    return answer, {name: calls for name, calls in counts.items() if "config" not in name and "info" not in name}


def _assert_same(one: tuple[TestResponse, dict[str, int]], other: tuple[TestResponse, dict[str, int]]) -> None:
    """Two answers, of which nobody can tell which is about something that exists."""
    answers = [one[0], other[0]]
    bodies = [answer.get_data().replace(answer.headers["X-Request-ID"].encode(), b"-") for answer in answers]
    assert bodies[0] == bodies[1]
    headers = [[item for item in answer.headers if item[0] not in VARYING] for answer in answers]
    assert headers[0] == headers[1]
    assert answers[0].status_code == answers[1].status_code
    assert one[1] == other[1]
    assert sum(one[1].values()) > 0


@pytest.fixture
def mine(api: Api) -> dict[str, str]:
    """Something of each kind that belongs to the first client."""
    session = api.open_session()
    endpoint = api.register()["id"]
    key = api.services.api_keys.authenticate(KEY.encode())
    assert key
    return {
        "session_id": session,
        "job_id": api.say(session).get_json()["id"],
        "endpoint_id": endpoint,
        "delivery_id": api.post(f"/webhook-endpoints/{endpoint}/test").get_json()["id"],
        "key_id": key.id,
    }


@pytest.mark.parametrize(("method", "rule"), WITH_ID)
def test_what_is_another_clients_does_not_exist(api: Api, mine: dict[str, str], method: str, rule: Rule) -> None:
    query = "?wait=5" if rule.endpoint == "jobs.get_job" else ""
    for _ in range(2):  # scripts are loaded, connections open
        not_there = _ask(api, method, rule, OF_NOBODY, query, key=OTHER)
    not_mine = _ask(api, method, rule, mine, query, key=OTHER)

    _assert_same(not_there, not_mine)
    assert not_mine[0].status_code == (403 if auth.SCOPES.get(rule.endpoint.partition(".")[0]) else 404)
    assert api.get(f"/jobs/{mine['job_id']}").get_json()["status"] == "queued"
    assert api.get(f"/webhook-endpoints/{mine['endpoint_id']}").get_json()["enabled"] is True


def test_for_a_token_nothing_exists_outside_its_session(api: Api, mine: dict[str, str]) -> None:
    """Not even another session of the same key."""
    token = api.post(f"/sessions/{api.open_session()}/token").get_json()["token"]
    caller: dict[str, Any] = {"key": None, "headers": {"Authorization": f"Bearer {token}"}}
    asked = [(method, rule) for method, rule in RULES if rule.endpoint in auth.BY_TOKEN]
    for method, rule in asked:
        not_there = _ask(api, method, rule, OF_NOBODY, **caller)
        not_its_own = _ask(api, method, rule, mine, **caller)
        _assert_same(not_there, not_its_own)
        assert not_its_own[0].status_code == 404

    assert {rule.endpoint for _, rule in asked} == auth.BY_TOKEN
    assert api.get(f"/jobs/{mine['job_id']}").get_json()["status"] == "queued"


def test_no_list_tells_anything_of_another_client(api: Api, mine: dict[str, str]) -> None:
    for path in LISTS:
        for query in ("", f"?session_id={mine['session_id']}"):
            answer = api.get(path + query, key=OTHER)
            assert [each for each in mine.values() if each in answer.text] == [], path
    for path in HAVE_SOMETHING:
        assert any(each in api.get(path).text for each in mine.values()), f"{path} had nothing to tell"


def test_a_message_cannot_name_another_clients_webhook(api: Api, mine: dict[str, str]) -> None:
    session = api.open_session(key=OTHER)
    answers = [
        api.say(session, json={"webhook": {"endpoint_id": ids["endpoint_id"]}}, key=OTHER) for ids in (OF_NOBODY, mine)
    ]

    assert answers[0].status_code == answers[1].status_code == 422
    bodies = [answer.get_data().replace(answer.headers["X-Request-ID"].encode(), b"-") for answer in answers]
    assert bodies[0].replace(OF_NOBODY["endpoint_id"].encode(), b"-") == bodies[1].replace(
        mine["endpoint_id"].encode(), b"-"
    )


def test_every_id_in_a_path_is_known_to_these_tests() -> None:
    assert {name for _, rule in RULES for name in rule.arguments} <= set(OF_NOBODY)
    assert len(WITH_ID) > 20 and set(LISTS) >= HAVE_SOMETHING
