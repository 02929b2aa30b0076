"""Redis goes away and comes back: 503 in the meantime, soon, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

import safety
from config import Settings
from local.valkey import ValkeyServer, running
from tests.integration.web.api import EMERGENCY, WAV, Api, job_id_of
from tests.integration.web.sse import Stream
from web.auth import PUBLIC

SOON_SECONDS = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server of this test's own, to be attacked."""
    with running(tmp_path) as own:
        yield own


@pytest.fixture
def api(settings: Settings, server: ValkeyServer) -> Api:
    return Api(replace(settings, redis_url=server.url))


def _calls(api: Api, session: str, job: str) -> dict[str, Callable[[], TestResponse]]:
    return {
        "open": lambda: api.post("/sessions"),
        "erase": lambda: api.delete(f"/sessions/{session}"),
        "say": lambda: api.say(session),
        "emergency": lambda: api.say(session, EMERGENCY),
        "record": lambda: api.record(session, ("audio", WAV, "a.wav", "audio/wav")),
        "history": lambda: api.get(f"/sessions/{session}/messages"),
        "job": lambda: api.get(f"/jobs/{job}"),
        "wait": lambda: api.get(f"/jobs/{job}?wait=60"),
        "events": lambda: api.get(f"/jobs/{job}/events"),
        "list": lambda: api.get("/jobs"),
        "erase job": lambda: api.delete(f"/jobs/{job}"),
        "cancel": lambda: api.post(f"/jobs/{job}/cancel"),
        "audio": lambda: api.get(f"/jobs/{job}/audio"),
        "health": lambda: api.get("/healthz"),
        "wrong key": lambda: api.get(f"/jobs/{job}", key="wrong"),
    }


def _every_route(api: Api) -> dict[str, Callable[[], TestResponse]]:
    """A request to each route that needs a key."""
    urls = api.app.url_map.bind("localhost")
    calls: dict[str, Callable[[], TestResponse]] = {}
    for rule in api.app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            path = urls.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                calls[f"{method} {path}"] = partial(api.request, method, path)
    return calls


def _timed(call: Callable[[], TestResponse]) -> tuple[TestResponse, float]:
    began = time.monotonic()
    return call(), time.monotonic() - began


def _assert_all_unavailable(api: Api, session: str, job: str) -> None:
    calls = _calls(api, session, job) | _every_route(api)
    with ThreadPoolExecutor(len(calls)) as pool:
        answers: dict[str, Any] = dict(zip(calls, pool.map(_timed, calls.values()), strict=True))

    for name, (answer, seconds) in answers.items():
        assert answer.status_code == 503, name
        assert answer.get_json()["code"] == "unavailable", name
        assert int(answer.headers["Retry-After"]) > 0, name
        assert seconds < SOON_SECONDS, name
        assert ("safety" in answer.get_json()) is (name == "emergency"), name
    expected = safety.fixed_text(safety.triage(EMERGENCY, "CA"))
    assert answers["emergency"][0].get_json()["safety"] == {"category": "emergency", "text": expected}
    probe, seconds = _timed(lambda: api.get("/readyz", key=None))
    assert (probe.status_code, seconds < SOON_SECONDS) == (503, True)
    assert int(probe.headers["Retry-After"]) > 0
    assert api.get("/livez", key=None).status_code == 200


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_while_redis_is_away_every_route_says_so_soon(api: Api, server: ValkeyServer, how: str) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    _away(server, how)
    try:
        _assert_all_unavailable(api, session, job)
    finally:
        _back(server, how)

    assert api.get(f"/jobs/{job}").get_json()["status"] == "queued"
    assert api.say(session).status_code == 202
    api.finish(job)
    assert len(api.history(session)) == 2


def _away(server: ValkeyServer, how: str) -> None:
    if how == "killed":
        server.kill()
    else:
        os.kill(server.pid, signal.SIGSTOP)  # takes connections, answers nothing


def _back(server: ValkeyServer, how: str) -> None:
    if how == "killed":
        server.restart()
    else:
        os.kill(server.pid, signal.SIGCONT)


def _until_all_wait(api: Api, job: str, many: int) -> None:
    give_up = time.monotonic() + 20
    while not api.redis.pubsub_numpat() or len(api.services.notifications._waiting.get(job, ())) < many:
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_who_waits_when_redis_goes_away_hears_of_it_soon(api: Api, server: ValkeyServer, how: str) -> None:
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    with ThreadPoolExecutor(2) as pool:
        poll = pool.submit(api.get, f"/jobs/{job}?wait=60")
        stream = pool.submit(lambda: Stream(api, job).rest())
        _until_all_wait(api, job, 2)
        began = time.monotonic()
        _away(server, how)
        try:
            answer, events = poll.result(30), stream.result(30)
            seconds = time.monotonic() - began
        finally:
            _back(server, how)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert events == []  # no `done`: the client comes back
    assert seconds < SOON_SECONDS + 0.5  # and this test's own
    assert api.get(f"/jobs/{job}?wait=0").status_code == 200
    with ThreadPoolExecutor(2) as pool:
        poll = pool.submit(api.get, f"/jobs/{job}?wait=60")
        stream = pool.submit(lambda: Stream(api, job).rest())
        _until_all_wait(api, job, 2)
        api.finish(job)
        assert poll.result(30).get_json()["status"] == "completed"
        assert [event.type for event in stream.result(30)] == ["done"]


def test_nothing_is_accepted_while_redis_is_full(api: Api, server: ValkeyServer) -> None:
    session = api.open_session()
    api.redis.config_set("maxmemory", "1")

    answer = api.say(session)

    assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_full")
    api.redis.config_set("maxmemory", "1gb")
    assert api.say(session).get_json()["id"] == job_id_of(session)


def test_a_job_that_was_accepted_is_answered_though_redis_goes_away_right_after(
    api: Api, server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = api.open_session()
    look = api.services.jobs.get

    def and_away(job_id: str, owner: str) -> Any:
        job = look(job_id, owner)
        server.kill()
        return job

    monkeypatch.setattr(api.services.jobs, "get", and_away)
    answer = api.say(session)

    assert (answer.status_code, answer.get_json()["id"]) == (202, job_id_of(session))
    assert "X-RateLimit-Remaining" not in answer.headers
    server.restart()
