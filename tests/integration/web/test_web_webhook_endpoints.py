"""Registered receivers: made, listed, changed, tried out, deleted; and the secrets that sign for them."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import pytest

from config import Settings
from store import keys
from store.client import milliseconds
from store.webhook_endpoints import EVENTS, MAX_ENDPOINTS, OVERLAP_MS
from tests.integration.web.api import HOOK, OTHER, Api
from web import webhook_targets
from webhooks.errors import Blocked

OTHER_HOOK = "https://93.184.216.35/hook?token=abc"
LOOPBACK = "http://127.0.0.1:8081/hook"
SIGNING = "/webhook-endpoints/signing-secret"


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _path(endpoint: dict[str, Any], step: str = "") -> str:
    return f"/webhook-endpoints/{endpoint['id']}{step}"


def _patch(api: Api, endpoint: dict[str, Any], **changes: Any) -> Any:
    return api.request("PATCH", _path(endpoint), json=changes)


def _assert_a_secret(secret: str) -> None:
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def _secrets(api: Api, endpoint: dict[str, Any]) -> list[str]:
    """Those that sign now."""
    found = api.services.endpoints.get(endpoint["id"])
    assert found
    return api.services.endpoints.secrets_of(found)


def test_a_new_endpoint_hears_of_everything_and_shows_its_secret_this_once(api: Api) -> None:
    answer = api.post("/webhook-endpoints", json={"url": HOOK})
    body = answer.get_json()

    assert answer.status_code == 201
    assert keys.ENDPOINT_ID.fullmatch(body["id"])
    assert answer.headers["Location"] == _path(body)
    secret = body.pop("secret")
    _assert_a_secret(secret)
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "id": body["id"],
        "url": HOOK,
        "description": "",
        "events": list(EVENTS),
        "include_output": False,
        "enabled": True,
        "disabled_reason": None,
    }
    for shown in (api.get(_path(body)), api.get("/webhook-endpoints"), _patch(api, body, description="x")):
        assert shown.status_code == 200
        assert "secret" not in shown.text


def test_an_endpoint_is_what_was_asked_for(api: Api) -> None:
    wanted: dict[str, Any] = {
        "events": ["job.failed", "job.completed"],
        "include_output": True,
        "description": "é" * 200,
    }

    made = api.register(OTHER_HOOK, **wanted)

    assert made["events"] == ["job.completed", "job.failed"]
    assert (made["url"], made["include_output"], made["description"]) == (OTHER_HOOK, True, "é" * 200)
    assert api.get(_path(made)).get_json() == {name: value for name, value in made.items() if name != "secret"}


@pytest.mark.parametrize(
    "change",
    [
        {"events": []},
        {"events": ["job.started"]},
        {"events": "job.failed"},
        {"include_output": "maybe"},
        {"description": "x" * 201},
        {"description": "half a \ud83d character"},
        {"description": None},
        {"url": None},
        {"url": 5},
        {"secret": "whsec_x"},
        {"colour": "red"},
    ],
)
def test_a_field_that_makes_no_sense_is_refused_by_name(api: Api, change: dict[str, Any]) -> None:
    endpoint = api.register()

    for answer in (api.post("/webhook-endpoints", json={"url": HOOK, **change}), _patch(api, endpoint, **change)):
        assert answer.status_code == 422
        assert set(answer.get_json()["errors"]["json"]) == set(change)


def test_a_url_is_required(api: Api) -> None:
    assert set(api.post("/webhook-endpoints").get_json()["errors"]["json"]) == {"url"}
    assert api.post("/webhook-endpoints", json={"url": HOOK, "enabled": False}).status_code == 422


@pytest.mark.parametrize(
    "url",
    [LOOPBACK, "https://127.0.0.1/", "https://169.254.169.254/latest", "https://user@93.184.216.34/", "", "\ud800"],
)
def test_a_url_that_no_request_may_go_to_is_refused_with_the_guards_sentence(api: Api, url: str) -> None:
    endpoint = api.register()
    with pytest.raises(Blocked) as blocked:
        api.services.guard.check(url)

    for answer in (api.post("/webhook-endpoints", json={"url": url}), _patch(api, endpoint, url=url)):
        body = answer.get_json()
        assert (answer.status_code, body["code"]) == (422, "webhook_url_blocked")
        assert body["detail"] == str(blocked.value)
        assert body["errors"] == {"json": {"url": [str(blocked.value)]}}
    assert api.get(_path(endpoint)).get_json()["url"] == HOOK
    assert len(api.get("/webhook-endpoints").get_json()["data"]) == 1


def test_the_operator_may_name_hosts_that_need_not_be_public(settings: Settings, redis: Any) -> None:
    api = Api(settings, webhook_allow_http_hosts=("127.0.0.1:8081",))

    assert api.register(LOOPBACK)["url"] == LOOPBACK
    assert api.post("/webhook-endpoints", json={"url": "http://127.0.0.1:8082/"}).status_code == 422


def test_one_endpoint_too_many_is_refused_until_one_is_deleted(api: Api) -> None:
    made = [api.register() for _ in range(MAX_ENDPOINTS)]

    answer = api.post("/webhook-endpoints", json={"url": HOOK})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_endpoints")
    assert str(MAX_ENDPOINTS) in answer.get_json()["detail"] and "delete" in answer.get_json()["detail"]
    api.register(key=OTHER)

    api.delete(_path(made[0]))
    api.register()


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_every_endpoint_once_oldest_first(api: Api, limit: int) -> None:
    mine = [api.register()["id"] for _ in range(5)]
    api.register(key=OTHER)

    found: list[dict[str, Any]] = []
    cursor = None
    while not found or cursor:
        body = api.get("/webhook-endpoints", query_string={"limit": limit, "cursor": cursor}).get_json()
        assert len(body["data"]) <= limit
        found, cursor = found + body["data"], body["next_cursor"]
        api.delete(_path(found[-1]))  # the cursor's own: the next page goes on behind it

    assert sorted(endpoint["id"] for endpoint in found) == sorted(mine)
    moments = [endpoint["created_at"] for endpoint in found]
    assert moments == sorted(moments)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "cursor=17:whep_1", "page=2"])
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/webhook-endpoints?{query}").status_code == 422


def test_a_client_sees_its_own_endpoints_only(api: Api) -> None:
    mine, _ = api.register(), api.register(key=OTHER)

    assert [endpoint["id"] for endpoint in api.get("/webhook-endpoints").get_json()["data"]] == [mine["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": OTHER_HOOK},
        {"events": ["safety.escalated"]},
        {"include_output": True},
        {"description": "the new one"},
        {"enabled": False},
        {"url": OTHER_HOOK, "include_output": True, "enabled": False},
        {},
    ],
)
def test_a_change_changes_what_it_names_and_nothing_else(api: Api, changes: dict[str, Any]) -> None:
    endpoint = api.register(description="the old one", events=["job.failed"])
    secret = endpoint.pop("secret")

    answer = _patch(api, endpoint, **changes)

    assert (answer.status_code, answer.get_json()) == (200, {**endpoint, **changes})
    assert api.get(_path(endpoint)).get_json() == {**endpoint, **changes}
    assert _secrets(api, endpoint) == [secret]


def test_enabling_checks_the_url_again_and_clears_why_it_was_disabled(settings: Settings, redis: Any) -> None:
    api = Api(settings, webhook_allow_http_hosts=("127.0.0.1:8081",))
    endpoint = api.register(LOOPBACK)
    redis.hset(keys.endpoint(endpoint["id"]), mapping={"enabled": 0, "disabled_reason": "gone"})
    shown = api.get(_path(endpoint)).get_json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")

    stricter = Api(settings)
    refused = _patch(stricter, endpoint, enabled=True)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "webhook_url_blocked")
    assert _patch(stricter, endpoint, enabled=False, description="x").status_code == 200
    assert _patch(stricter, endpoint, enabled=True, url=HOOK).get_json()["enabled"] is True

    assert _patch(api, endpoint, url=LOOPBACK, enabled=False).get_json()["enabled"] is False
    again = _patch(api, endpoint, enabled=True).get_json()
    assert (again["enabled"], again["disabled_reason"]) == (True, None)


def test_a_deleted_endpoint_leaves_a_receipt_and_nothing_else(api: Api, redis: Any) -> None:
    endpoint = api.register()

    answer = api.delete(_path(endpoint))

    assert answer.get_json() == {"message": "Webhook endpoint deleted", "erased": {"endpoints": 1}}
    assert api.get(_path(endpoint)).status_code == api.delete(_path(endpoint)).status_code == 404
    assert _patch(api, endpoint, enabled=True).status_code == 404
    assert not redis.exists(keys.endpoint(endpoint["id"]))
    assert api.get("/webhook-endpoints").get_json()["data"] == []


def test_a_new_secret_signs_beside_the_old_one_for_as_long_as_it_says(api: Api) -> None:
    endpoint = api.register()
    old = endpoint.pop("secret")

    rotated = api.post(_path(endpoint, "/rotate-secret")).get_json()

    fresh, until = rotated.pop("secret"), rotated.pop("old_secret_expires_at")
    _assert_a_secret(fresh)
    assert rotated == endpoint
    assert _secrets(api, endpoint) == [fresh, old]
    stored = int(api.redis.hget(keys.endpoint(endpoint["id"]), "old_until"))
    assert abs(datetime.fromisoformat(until).timestamp() * 1000 - stored) < 1000
    assert stored - milliseconds(api.redis.time()) == pytest.approx(OVERLAP_MS, abs=60_000)


def test_the_signing_secret_of_a_key_stays_until_it_is_rotated(api: Api) -> None:
    [secret] = {api.get(SIGNING).get_json()["secret"] for _ in range(3)}
    theirs = api.get(SIGNING, key=OTHER).get_json()["secret"]
    _assert_a_secret(secret)
    assert secret != theirs

    answer = api.post(f"{SIGNING}/rotate-secret")
    fresh = answer.get_json()["secret"]

    assert set(answer.get_json()) == {"secret", "old_secret_expires_at"}
    assert fresh not in {secret, theirs}
    assert api.get(SIGNING).get_json() == {"secret": fresh}
    assert api.get(SIGNING, key=OTHER).get_json()["secret"] == theirs


def test_a_sample_is_a_delivery_of_no_job(api: Api) -> None:
    endpoint = api.register(events=["job.failed"])
    assert _patch(api, endpoint, enabled=False).status_code == 200

    answer = api.post(_path(endpoint, "/test"))
    delivery = answer.get_json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/deliveries/{delivery['id']}"
    assert (delivery["endpoint_id"], delivery["type"]) == (endpoint["id"], "job.failed")
    assert (delivery["job_id"], delivery["session_id"]) == (None, None)
    assert (delivery["status"], delivery["attempts"]) == ("pending", [])
    assert api.get(f"/deliveries/{delivery['id']}").get_json() == delivery
    assert api.redis.llen(keys.DELIVERIES) == 1


def test_what_makes_this_service_call_others_is_limited_before_anything_is_looked_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_targets, "CALLS_PER_HOUR", 4)
    asked = api.names_lead_to("93.184.216.34")
    endpoint = api.register()
    sample = api.post(_path(endpoint, "/test")).get_json()["id"]
    assert _patch(api, endpoint, description="x").status_code == 200
    assert api.post(f"/deliveries/{sample}/replay").status_code == 409

    for answer in (
        api.post("/webhook-endpoints", json={"url": "https://hooks.example.com/"}),
        _patch(api, endpoint, url="https://hooks.example.com/"),
        api.post(_path(endpoint, "/test")),
        api.post(f"/deliveries/{sample}/replay"),
    ):
        assert answer.status_code == 429
        assert answer.get_json()["errors"] == [{"policy": "WEBHOOK_CALLS_PER_HOUR"}]
        assert int(answer.headers["Retry-After"]) > 0
    assert asked == []
    assert api.register(key=OTHER)
    assert api.get(_path(endpoint)).status_code == 200


def test_urls_and_secrets_are_sealed_in_the_store(api: Api, redis: Any) -> None:
    endpoint = api.register(OTHER_HOOK, description="a description to look for")
    api.post(_path(endpoint, "/rotate-secret"))
    signing = api.get(SIGNING).get_json()["secret"]

    stored = b"".join(
        value for key in redis.scan_iter("rr:*") if redis.type(key) == b"hash" for value in redis.hvals(key)
    )

    for word in ("token=abc", "a description to look for", endpoint["secret"], signing):
        assert word.encode() not in stored
