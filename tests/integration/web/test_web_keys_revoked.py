"""A key that ends takes with it what is under way: who waits is refused, and streams end, within 5 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

import web.events as web_events
import web.jobs as web_jobs
from config import Settings
from store import keys
from store.api_keys import LATELY_SECONDS
from tests.integration.ledger_kit import wait_for
from tests.integration.web.api import KEY, OTHER, Api, job_id_of
from tests.integration.web.sse import Stream


@pytest.fixture
def api(settings: Settings, redis: Any, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(web_jobs, "KEY_SECONDS", 0.05)
    monkeypatch.setattr(web_events, "KEY_SECONDS", 0.05)
    return Api(settings)


def _in_background(ask: Callable[[], TestResponse]) -> tuple[threading.Thread, list[TestResponse]]:
    answers: list[TestResponse] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    return thread, answers


def _key_id(api: Api, plain: str = KEY) -> str:
    found = api.services.api_keys.authenticate(plain.encode())
    assert found
    return found.id


def test_the_promise_of_five_seconds_is_kept_by_the_interval() -> None:
    assert web_jobs.KEY_SECONDS + LATELY_SECONDS < 5
    assert web_events.KEY_SECONDS + LATELY_SECONDS < 5


@pytest.mark.parametrize("way", ["query", "header", "post"])
def test_who_waits_with_a_revoked_key_is_refused(api: Api, way: str) -> None:
    session = api.open_session()
    ask = {
        "query": lambda: api.get(f"/jobs/{job_id_of(session)}?wait=60"),
        "header": lambda: api.get(f"/jobs/{job_id_of(session)}", headers={"Prefer": "wait=60"}),
        "post": lambda: api.say(session, headers={"Prefer": "wait=60"}),
    }[way]
    if way != "post":
        api.say(session)
    waiting, answers = _in_background(ask)
    wait_for(lambda: api.services.notifications._waiting)

    api.services.api_keys.revoke(_key_id(api))
    waiting.join(timeout=20)

    assert [answer.status_code for answer in answers] == [401]
    assert answers[0].get_json()["code"] == "invalid_api_key"


def test_who_waits_with_a_good_key_still_gets_the_answer(api: Api) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    waiting, answers = _in_background(lambda: api.get(f"/jobs/{job}?wait=60"))
    wait_for(lambda: api.services.notifications._waiting)
    api.services.api_keys.revoke(_key_id(api, OTHER))
    time.sleep(0.2)  # several looks at the key
    assert not answers
    api.finish(job)
    waiting.join(timeout=20)

    assert answers[0].get_json()["status"] == "completed"


def test_a_wait_ends_when_its_time_is_over(api: Api) -> None:
    job = api.say(api.open_session()).get_json()["id"]
    started = time.monotonic()

    assert api.get(f"/jobs/{job}?wait=1").get_json()["status"] == "queued"
    assert time.monotonic() - started >= 1


def test_a_stream_ends_when_the_key_is_taken_out_of_the_environment(api: Api, settings: Settings) -> None:
    job = api.say(api.open_session()).get_json()["id"]
    stream = Stream(api, job)
    Api(settings, api_keys=(OTHER,)).open_session(key=OTHER)  # the next start

    assert stream.rest() == []


def test_a_stream_with_a_token_ends_when_the_token_does(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    session = api.open_session()
    token = api.post(f"/sessions/{session}/token", json={"minutes": 1}).get_json()["token"]
    job = api.say(session).get_json()["id"]
    stream = Stream(api, job, key=None, headers={"Authorization": f"Bearer {token}"})
    now = time.time
    monkeypatch.setattr("web.events.time.time", lambda: now() + 61)

    assert stream.rest() == []


def test_the_key_of_a_session_is_revoked_while_its_job_runs_and_nothing_of_it_is_kept(api: Api, redis: Any) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    hold = api.claim(job)
    key_id = _key_id(api)
    api.services.api_keys.revoke(key_id)
    api.services.revocations.enforce()
    hold.acknowledge_cancel()

    assert redis.hget(keys.job(job), "status") == b"cancelled"
    assert redis.llen(keys.history(session)) == 0
