"""Redis fills up: 503 `storage_full` before it is full, and never a 500 when it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import safety
from config import Settings
from local.valkey import ValkeyServer, running
from tests.integration.web.api import EMERGENCY, WAV, Api
from web.auth import PUBLIC

RECORDING = ("audio", WAV, "a.wav", "audio/wav")
TINY_BYTES = 1024 * 1024  # less than an empty server uses


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server of this test's own, to be filled."""
    with running(tmp_path) as own:
        yield own


def _api(settings: Settings, server: ValkeyServer) -> Api:
    return Api(settings, redis_url=server.url)


def _fill(api: Api, share: float) -> None:
    """Have so much of its memory be in use, by lowering what it may have."""
    api.redis.setrange("ballast", 20_000_000, b"x")
    api.redis.config_set("maxmemory", int(api.redis.info("memory")["used_memory"] / share))


def test_before_redis_is_full_new_things_are_refused_and_all_else_goes_on(
    settings: Settings, server: ValkeyServer
) -> None:
    api = _api(settings, server)
    session, other = api.open_session(), api.open_session()
    job, waiting = (api.say(session).get_json()["id"] for _ in range(2))
    _fill(api, 0.93)
    api = _api(settings, server)

    for answer in (api.post("/sessions"), api.say(session), api.record(session, RECORDING)):
        assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_full")
        assert int(answer.headers["Retry-After"]) > 0

    assert api.get(f"/jobs/{job}").status_code == 200
    assert api.post(f"/jobs/{waiting}/cancel").get_json()["status"] == "cancelled"
    api.finish(job)
    assert len(api.history(session)) == 2
    assert api.delete(f"/sessions/{other}").status_code == 200
    emergency = api.say(session, EMERGENCY)
    assert (emergency.status_code, emergency.get_json()["outcome"]) == (200, "escalated")
    health = api.get("/healthz").get_json()["checks"]["memory"]
    assert health["ok"] is False
    assert health["used_bytes"] > 0.9 * health["limit_bytes"]


def test_a_server_that_is_full_to_the_brim_is_never_a_500(settings: Settings, server: ValkeyServer) -> None:
    api = _api(settings, server)
    session = api.open_session()
    job = api.say(session).get_json()["id"]
    api.redis.config_set("maxmemory", TINY_BYTES)
    calls: dict[str, Any] = {
        "open": lambda: api.post("/sessions"),
        "say": lambda: api.say(session),
        "emergency": lambda: api.say(session, EMERGENCY),
        "record": lambda: api.record(session, RECORDING),
        "cancel": lambda: api.post(f"/jobs/{job}/cancel"),
        "register": lambda: api.post("/webhook-endpoints", json={"url": "https://93.184.216.34/hook"}),
    }
    urls = api.app.url_map.bind("localhost")
    for rule in api.app.url_map.iter_rules():
        path = urls.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if rule.endpoint not in PUBLIC else ():
            calls[f"{method} {path}"] = partial(api.request, method, path)

    answers = {name: call() for name, call in calls.items()}

    assert not {name: answer.status_code for name, answer in answers.items() if answer.status_code == 500}
    for name in ("open", "say", "emergency", "record", "register"):
        assert (answers[name].status_code, answers[name].get_json()["code"]) == (503, "storage_full"), name
        assert int(answers[name].headers["Retry-After"]) > 0
    expected = safety.fixed_text(safety.triage(EMERGENCY, "CA"))
    assert answers["emergency"].get_json()["safety"]["text"] == expected
    assert api.get(f"/jobs/{job}").status_code == 200
    assert api.delete(f"/sessions/{session}").status_code == 200


def test_it_accepts_again_once_there_is_room(settings: Settings, server: ValkeyServer) -> None:
    api = _api(settings, server)
    session = api.open_session()
    _fill(api, 0.95)
    assert _api(settings, server).say(session).status_code == 503
    api.redis.delete("ballast")

    assert _api(settings, server).say(session).status_code == 202
