"""Session tokens: one session, a few minutes, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from store.crypto import Vault
from store.session_tokens import SessionToken, SessionTokens
from tests.integration.web.api import EMERGENCY, KEY, OTHER, WAV, Api, job_id_of
from tests.integration.web.sse import Stream
from web import auth


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


@pytest.fixture
def session(api: Api) -> str:
    return api.open_session()


def _issue(api: Api, session: str, **more: Any) -> str:
    answer = api.post(f"/sessions/{session}/token", **more)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["token"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _ask(api: Api, token: str, method: str, path: str, **more: Any) -> TestResponse:
    return api.request(method, path, key=None, headers=_bearer(token), **more)


@pytest.mark.parametrize(("body", "minutes"), [(None, 15), ({}, 15), ({"minutes": 1}, 1), ({"minutes": 15}, 15)])
def test_a_token_says_when_it_ends(api: Api, session: str, body: dict[str, int] | None, minutes: int) -> None:
    answer = api.post(f"/sessions/{session}/token", json=body)
    left = datetime.fromisoformat(answer.get_json()["expires_at"]) - datetime.now(UTC)

    assert answer.status_code == 201
    assert set(answer.get_json()) == {"token", "expires_at"}
    assert timedelta(minutes=minutes - 0.5) < left <= timedelta(minutes=minutes)


def test_no_token_is_good_for_longer(api: Api, session: str) -> None:
    for minutes in (0, 16, -1, 1.5, "5", None):
        assert api.post(f"/sessions/{session}/token", json={"minutes": minutes}).status_code == 422
    assert api.post(f"/sessions/{session}/token", json={"hours": 1}).status_code == 422


def test_a_whole_conversation_can_be_had_with_a_token(api: Api, session: str) -> None:
    token = _issue(api, session)
    job = _ask(api, token, "POST", f"/sessions/{session}/messages", json={"text": "Is walking enough?"}).get_json()
    api.finish(job["id"])
    other = _ask(api, token, "POST", f"/sessions/{session}/messages", json={"text": "And swimming?"}).get_json()["id"]

    assert _ask(api, token, "GET", f"/jobs/{job['id']}?wait=1").get_json()["status"] == "completed"
    events = Stream(api, job["id"], key=None, headers=_bearer(token)).rest()
    assert [event.type for event in events][-1:] == ["done"]
    assert _ask(api, token, "POST", f"/jobs/{other}/cancel").status_code == 200
    assert _ask(api, token, "GET", f"/jobs/{job['id']}/audio").get_json()["detail"] == "There is no such spoken reply."
    assert len(_ask(api, token, "GET", f"/sessions/{session}/messages").get_json()["data"]) == 2
    assert _ask(api, token, "GET", f"/sessions/{session}").get_json()["session_id"] == session
    voice = api.record(session, ("audio", WAV, "a.wav", "audio/wav"), key=None, headers=_bearer(token))
    assert voice.status_code == 202
    assert _ask(api, token, "DELETE", f"/jobs/{job['id']}").status_code == 200
    assert _ask(api, token, "DELETE", f"/sessions/{session}").status_code == 200


def test_an_emergency_is_answered_at_once(api: Api, session: str) -> None:
    answer = _ask(api, _issue(api, session), "POST", f"/sessions/{session}/messages", json={"text": EMERGENCY})

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")


def test_every_route_that_is_not_listed_is_refused(api: Api, session: str) -> None:
    token, urls = _issue(api, session), api.app.url_map.bind("localhost")
    refused = set()
    for rule in api.app.url_map.iter_rules():
        if rule.endpoint in auth.PUBLIC | auth.BY_TOKEN:
            continue
        ids = {"session_id": session, "job_id": job_id_of(session)}
        path = urls.build(rule.endpoint, {name: ids.get(name, "x") for name in rule.arguments})
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = _ask(api, token, method, path)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "missing_scope"), (method, path)
            refused.add((method, rule.rule))

    assert ("GET", "/sessions") in refused and ("GET", "/jobs") in refused and ("POST", "/keys") in refused
    assert ("POST", "/sessions/<session_id>/token") in refused, "or a stolen one could be renewed for ever"


def test_every_route_that_is_listed_names_a_session_or_a_job(api: Api) -> None:
    rules = {rule.endpoint: rule for rule in api.app.url_map.iter_rules()}

    assert set(rules) >= auth.BY_TOKEN
    for endpoint in auth.BY_TOKEN:
        assert rules[endpoint].arguments & {"session_id", "job_id"}, endpoint


def test_a_token_names_no_webhook(api: Api, session: str) -> None:
    token, path = _issue(api, session), f"/sessions/{session}/messages"
    body = {"text": "Hello", "webhook": {"url": "https://93.184.216.34/hook"}}
    answer = _ask(api, token, "POST", path, json=body)
    escalated = _ask(api, token, "POST", path, json={**body, "text": EMERGENCY}).get_json()["id"]

    assert (answer.status_code, answer.get_json()["code"]) == (403, "missing_scope")
    assert api.number_of_jobs(session) == 1
    assert api.deliveries(escalated) == []


def test_key_and_token_together_are_refused(api: Api, session: str) -> None:
    answer = api.say(session, EMERGENCY, headers=_bearer(_issue(api, session)))

    assert (answer.status_code, answer.get_json()["code"]) == (400, "two_credentials")
    assert "911" in answer.get_json()["safety"]["text"]


def test_another_scheme_of_authorization_is_none_of_ours(api: Api, session: str) -> None:
    assert api.get(f"/sessions/{session}", headers={"Authorization": "Basic cHJveHk6eA=="}).status_code == 200
    basic = api.get(f"/sessions/{session}", key=None, headers={"Authorization": "Basic cHJveHk6eA=="})
    assert basic.get_json()["code"] == "missing_api_key"


def test_what_is_no_token_is_refused(api: Api, session: str) -> None:
    long = "sst_" + "A" * 1_000_000
    for forged in ("", "x", "sst_", "sst_x", "sst_" + "A" * 300, "sst_" + "é" * 40, KEY, "\x00", long):
        header = {"HTTP_AUTHORIZATION": f"Bearer {forged}"}
        answer = api.request("GET", f"/sessions/{session}", key=None, environ_overrides=header)
        assert answer.status_code == 401, forged
        assert answer.get_json()["code"] == ("invalid_token" if forged else "missing_api_key")


def test_a_token_that_was_changed_anywhere_is_refused(api: Api, session: str) -> None:
    token = _issue(api, session)
    for place in range(len("sst_"), len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert _ask(api, changed, "GET", f"/sessions/{session}").status_code == 401
    assert _ask(api, token, "GET", f"/sessions/{session}").status_code == 200


def test_a_token_is_as_good_as_its_scheme_is_written(api: Api, session: str) -> None:
    token = _issue(api, session)
    for scheme in ("bearer", "BEARER", "Bearer "):
        header = {"Authorization": f"{scheme} {token}"}
        assert api.get(f"/sessions/{session}", key=None, headers=header).status_code == 200


def test_a_token_ends_and_then_says_so(api: Api, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = _issue(api, session, json={"minutes": 1}), time.time
    monkeypatch.setattr("web.auth.time.time", lambda: now() + 61)
    answer = _ask(api, token, "POST", f"/sessions/{session}/messages", json={"text": EMERGENCY})

    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_ended")
    assert "911" in answer.get_json()["safety"]["text"], "a page whose token ran out still shows where help is"


def test_a_token_dies_with_its_key(api: Api, session: str) -> None:
    token, key = _issue(api, session), api.services.api_keys.authenticate(KEY.encode())
    assert key
    rotated = api.services.api_keys.rotate(key.id, overlap_seconds=0, actor="test")
    assert rotated
    assert _ask(api, token, "GET", f"/sessions/{session}").status_code == 200, "the key is the same"
    api.services.api_keys.revoke(key.id)

    assert _ask(api, token, "GET", f"/sessions/{session}").get_json()["code"] == "token_ended"


def test_a_token_dies_with_its_session(api: Api, session: str) -> None:
    token = _issue(api, session)
    api.delete(f"/sessions/{session}")

    assert _ask(api, token, "GET", f"/sessions/{session}").status_code == 404
    assert api.post(f"/sessions/{session}/token").status_code == 404


def test_tokens_survive_the_rotation_of_the_data_keys_until_the_old_one_goes(api: Api, session: str) -> None:
    old, new = api.settings.data_encryption_keys[0], bytes(range(32, 64))
    token = _issue(api, session)
    rotated = Api(replace(api.settings, data_encryption_keys=(new, old)))
    assert _ask(rotated, token, "GET", f"/sessions/{session}").status_code == 200
    fresh = _issue(rotated, session)

    assert SessionTokens(Vault((new,))).read(token) is None
    assert SessionTokens(Vault((new,))).read(fresh)
    assert SessionTokens(Vault((old,))).read(fresh) is None


def test_what_the_vault_sealed_for_another_place_is_no_token(api: Api, session: str) -> None:
    vault = Vault(api.settings.data_encryption_keys)
    token = SessionToken(session, "key_x", 2**50)

    class Elsewhere(Vault):
        def seal(self, place: str, plain: bytes) -> bytes:
            return vault.seal("somewhere else", plain)

    forged = SessionTokens(Elsewhere(api.settings.data_encryption_keys)).write(token)
    assert SessionTokens(vault).read(SessionTokens(vault).write(token)) == token
    assert SessionTokens(vault).read(forged) is None


def test_a_foreign_session_gives_no_token(api: Api, session: str) -> None:
    answer = api.post(f"/sessions/{session}/token", key=OTHER)

    assert answer.status_code == 404


def test_messages_by_token_count_towards_the_limits_of_the_key(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1)
    session = api.open_session()
    assert (
        _ask(api, _issue(api, session), "POST", f"/sessions/{session}/messages", json={"text": "a"}).status_code == 202
    )

    assert api.say(session).status_code == 429
