"""Keys over HTTP: made, listed, rotated and revoked by an admin, and by nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config import Settings
from store import keys
from store.audit import Audit, hashed
from tests.integration.web.api import EMERGENCY, KEY, Api

ADMIN = "the-admin-key"
NO_KEY = "key_" + "0" * 16
ROUTES = [("GET", "/keys"), ("POST", "/keys"), ("POST", f"/keys/{NO_KEY}/rotate"), ("DELETE", f"/keys/{NO_KEY}")]


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, admin_api_key=ADMIN)


def _make(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post("/keys", key=ADMIN, json={"name": "Study A", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def _listed(api: Api) -> dict[str, dict[str, Any]]:
    return {key["id"]: key for key in api.get("/keys", key=ADMIN).get_json()["data"]}


def test_a_new_key_is_shown_once_and_works(api: Api, redis: Any) -> None:
    made = _make(api)

    assert set(made) == {"id", "key", "name", "scopes", "expires_at"}
    assert re.fullmatch(r"key_[0-9a-f]{16}\.[A-Za-z0-9_-]{43}", made["key"])
    assert made["key"].startswith(made["id"] + ".")
    assert (made["name"], made["scopes"], made["expires_at"]) == ("Study A", ["jobs"], None)
    assert api.post("/sessions", key=made["key"]).status_code == 201
    secret = made["key"].partition(".")[2]
    assert secret not in api.get("/keys", key=ADMIN).text
    for name in redis.scan_iter():
        assert secret.encode() not in redis.dump(name) + name


def test_the_list_tells_all_but_the_secret(api: Api) -> None:
    made = _make(api, scopes=["metrics"], expires_at="2099-01-02T03:04:05Z")
    used = _make(api, name="Study B")
    api.get("/jobs/x", key=used["key"])
    listed = _listed(api)

    assert len(listed) == 5  # two of API_KEYS and ADMIN_API_KEY
    assert set(listed[made["id"]]) == {"id", "name", "scopes", "created_at", "last_used_at", "expires_at"}
    assert listed[made["id"]]["scopes"] == ["metrics"]
    assert listed[made["id"]]["expires_at"] == "2099-01-02T03:04:05.000Z"
    assert listed[made["id"]]["last_used_at"] is None
    assert listed[used["id"]]["last_used_at"] and listed[used["id"]]["created_at"]


def test_the_list_comes_in_pages(api: Api) -> None:
    for number in range(4):
        _make(api, name=f"Study {number}")
    seen, cursor = [], ""
    while True:
        page = api.get(f"/keys?limit=3{cursor}", key=ADMIN).get_json()
        seen += [key["id"] for key in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(seen) == len(set(seen)) == 7
    assert api.get("/keys?cursor=x", key=ADMIN).status_code == 422


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_admin_may(api: Api, method: str, path: str) -> None:
    answer = api.request(method, path, json={"name": "x"} if method == "POST" else None)

    assert answer.status_code == 403
    assert answer.get_json()["code"] == "missing_scope"
    assert "`admin`" in answer.get_json()["detail"]
    assert api.request(method, path, key="wrong").status_code == 401


@pytest.mark.parametrize("scope", ["jobs", "metrics", "admin"])
def test_each_scope_opens_its_own_routes_and_no_others(api: Api, scope: str) -> None:
    key = _make(api, scopes=[scope])["key"]

    assert api.post("/sessions", key=key).status_code == (201 if scope == "jobs" else 403)
    assert api.get("/keys", key=key).status_code == (200 if scope == "admin" else 403)


def test_a_refusal_for_want_of_a_scope_still_helps_in_an_emergency(api: Api) -> None:
    session = api.open_session()
    answer = api.say(session, EMERGENCY, key=_make(api, scopes=["metrics"])["key"])

    assert answer.status_code == 403
    assert "911" in answer.get_json()["safety"]["text"]


WRONG_BODIES: list[dict[str, Any]] = [
    {},
    {"name": ""},
    {"name": "x" * 101},
    {"name": 5},
    {"name": "x", "scopes": []},
    {"name": "x", "scopes": ["root"]},
    {"name": "x", "scopes": ["jobs", 5]},
    {"name": "x", "scopes": "jobs"},
    {"name": "x", "expires_at": "tomorrow"},
    {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
    {"name": "x", "expires_at": 4102444800},
    {"name": "x", "secret": "mine"},
]


def test_a_body_that_is_not_as_expected_makes_no_key(api: Api) -> None:
    before = len(_listed(api))
    for body in WRONG_BODIES:
        answer = api.post("/keys", key=ADMIN, json=body)
        assert answer.status_code == 422, body
        assert answer.get_json()["errors"], body

    assert len(_listed(api)) == before


def test_a_key_expires_when_it_was_told_to(api: Api, redis: Any) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    made = _make(api, expires_at=soon.isoformat())
    assert api.get("/jobs/x", key=made["key"]).status_code == 404

    redis.hset(keys.api_key(made["id"]), "expires_at", round(soon.timestamp() * 1000) - 61_000)
    answer = api.get("/jobs/x", key=made["key"])
    assert (answer.status_code, answer.get_json()["detail"]) == (401, "Invalid API key.")


def test_rotation_keeps_the_id_the_sessions_and_for_a_day_the_old_secret(api: Api) -> None:
    made = _make(api)
    session = api.open_session(key=made["key"])
    answer = api.post(f"/keys/{made['id']}/rotate", key=ADMIN)
    rotated = answer.get_json()

    assert answer.status_code == 200
    assert set(rotated) == {"id", "key", "name", "scopes", "expires_at", "old_key_expires_at"}
    assert rotated["id"] == made["id"] and rotated["key"] != made["key"]
    left = datetime.fromisoformat(rotated["old_key_expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23.9) < left <= timedelta(hours=24)
    for key in (made["key"], rotated["key"]):
        assert api.get(f"/sessions/{session}", key=key).status_code == 200


def test_rotation_without_overlap_ends_the_old_secret_at_once(api: Api) -> None:
    made = _make(api)
    rotated = api.post(f"/keys/{made['id']}/rotate", key=ADMIN, json={"overlap_seconds": 0}).get_json()

    assert api.get("/jobs/x", key=made["key"]).status_code == 401
    assert api.get("/jobs/x", key=rotated["key"]).status_code == 404
    for wrong in (-1, 604_801, "60", 1.5):
        path = f"/keys/{made['id']}/rotate"
        assert api.post(path, key=ADMIN, json={"overlap_seconds": wrong}).status_code == 422


def test_a_key_of_the_environment_can_be_rotated_while_its_job_is_under_way(api: Api) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    key_id = api.services.api_keys.authenticate(KEY.encode())
    assert key_id
    fresh = api.post(f"/keys/{key_id.id}/rotate", key=ADMIN, json={"overlap_seconds": 0}).get_json()["key"]
    api.finish(job)

    assert api.get(f"/jobs/{job}").status_code == 401
    assert api.get(f"/jobs/{job}", key=fresh).get_json()["status"] == "completed"


def test_revoking_refuses_cancels_and_says_so(api: Api) -> None:
    made = _make(api)
    session = api.open_session(key=made["key"])
    running = api.say(session, key=made["key"]).get_json()["id"]
    api.say(session, key=made["key"])
    api.claim(running)
    answer = api.delete(f"/keys/{made['id']}", key=ADMIN)

    assert answer.get_json() == {"message": "API key revoked", "cancelled_jobs": 2}
    assert api.get(f"/jobs/{running}", key=made["key"]).status_code == 401
    assert made["id"] not in _listed(api)
    assert api.delete(f"/keys/{made['id']}", key=ADMIN).status_code == 404
    assert api.post(f"/keys/{made['id']}/rotate", key=ADMIN).status_code == 404


def test_an_admin_may_revoke_the_own_key(api: Api) -> None:
    key = _make(api, scopes=["admin"])
    assert api.delete(f"/keys/{key['id']}", key=key["key"]).status_code == 200

    assert api.get("/keys", key=key["key"]).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES[2:])
def test_a_key_that_is_not_there_is_not_found(api: Api, method: str, path: str) -> None:
    for key_id in (NO_KEY, "x", "key_", "*", "rr:api_key", "%00", "key_unknown"):
        answer = api.request(method, path.replace(NO_KEY, key_id), key=ADMIN)
        assert answer.status_code == 404
        assert answer.get_json()["code"] == "not_found"


def test_every_change_is_on_record_under_the_admin_who_made_it(api: Api, redis: Any) -> None:
    made = _make(api)
    api.post(f"/keys/{made['id']}/rotate", key=ADMIN)
    api.delete(f"/keys/{made['id']}", key=ADMIN)
    session = api.open_session()
    api.delete(f"/sessions/{session}")
    admin, client = (api.services.api_keys.authenticate(plain.encode()) for plain in (ADMIN, KEY))
    assert admin and client

    assert [(one["event"], one["actor"], one["object"]) for one in Audit(redis).tail(4)] == [
        ("key.created", hashed(admin.id), hashed(made["id"])),
        ("key.rotated", hashed(admin.id), hashed(made["id"])),
        ("key.revoked", hashed(admin.id), hashed(made["id"])),
        ("session.erased", hashed(client.id), hashed(session)),
    ]
