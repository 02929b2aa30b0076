"""An operator greps for three events; here is each of them, in both forms of the log."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import logs
from config import Settings
from tests.integration.web.api import WAV, Api

EVENTS = ("Authentication failed", "Rate limit exceeded", "Input validation failed")


@pytest.fixture(params=[True, False], ids=["json", "plain"])
def grep(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], list[str]]]:
    """Log as the service does; lines that hold a word."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.setup(replace(settings, enable_json_logging=request.param))
    yield lambda word: [line for line in stderr.getvalue().splitlines() if word in line]
    root.handlers[:], root.level = before
    logging.captureWarnings(False)


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings, rate_limit_sessions_per_hour=2, max_audio_size_mb=1)


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_a_missing_or_a_wrong_key_leaves_authentication_failed(
    api: Api, grep: Callable[[str], list[str]], key: str | None
) -> None:
    api.get("/jobs/x", key=key)

    assert [len(grep(event)) for event in EVENTS] == [1, 0, 0]


def test_a_limit_leaves_rate_limit_exceeded(api: Api, grep: Callable[[str], list[str]]) -> None:
    for _ in range(3):
        api.post("/sessions")

    assert [len(grep(event)) for event in EVENTS] == [0, 1, 0]
    assert "RATE_LIMIT_SESSIONS_PER_HOUR" in grep(EVENTS[1])[0]


def _too_long(api: Api, session: str) -> None:
    api.say(session, "word " * 3_000)


def _repeated(api: Api, session: str) -> None:
    api.say(session, "z" * 100)


def _unknown_field(api: Api, session: str) -> None:
    api.say(session, json={"colour": "red"})


def _not_json(api: Api, session: str) -> None:
    api.post(f"/sessions/{session}/messages", data="{", content_type="application/json")


def _no_content_type(api: Api, session: str) -> None:
    api.post(f"/sessions/{session}/messages", data='{"text": "hello"}')


def _too_large(api: Api, session: str) -> None:
    api.record(session, ("audio", WAV.ljust(2_000_000, b"\0"), "a.wav", "audio/wav"))


def _not_audio(api: Api, session: str) -> None:
    api.record(session, ("audio", b"a text", "a.wav", "audio/wav"))


def _empty(api: Api, session: str) -> None:
    api.record(session, ("audio", b"", "a.wav", "audio/wav"))


def _bad_header(api: Api, session: str) -> None:
    api.say(session, headers={"Cancel-After": "soon"})


def _bad_query(api: Api, _session: str) -> None:
    api.get("/jobs?limit=0")


REFUSED = [
    _too_long,
    _repeated,
    _unknown_field,
    _not_json,
    _no_content_type,
    _too_large,
    _not_audio,
    _empty,
    _bad_header,
    _bad_query,
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda case: case.__name__)
def test_what_is_refused_for_its_content_leaves_input_validation_failed(
    api: Api, grep: Callable[[str], list[str]], refused: Callable[[Api, str], None]
) -> None:
    refused(api, api.open_session())

    assert [len(grep(event)) for event in EVENTS] == [0, 0, 1]
    [line] = grep(EVENTS[2])
    assert "request_id" in line and "key_" in line


def test_each_event_is_the_whole_of_a_field_in_json(
    settings: Settings, redis: Any, grep: Callable[[str], list[str]]
) -> None:
    api = Api(settings)
    api.get("/jobs/x", key="wrong")
    [line] = grep(EVENTS[0])

    if line.startswith("{"):
        assert json.loads(line)["event"] == EVENTS[0]
        assert json.loads(line)["reason"] == "invalid"
    else:
        assert f" {EVENTS[0]} " in line and " reason=invalid" in line
