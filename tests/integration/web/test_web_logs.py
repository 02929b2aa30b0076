"""What a request leaves in the log, and what a broken one tells its caller."""

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
from store import keys
from tests.integration.web.api import EMERGENCY, KEY, OTHER, WAV, Api

PLANTED = "tulip-lighthouse-marzipan"


@pytest.fixture
def log_lines(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Log as the service does, at DEBUG; the process's own logging comes back at the end."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.setup(replace(settings, log_level="DEBUG"))
    yield lambda: [json.loads(line) for line in stderr.getvalue().splitlines()]
    root.handlers[:], root.level = before
    logging.captureWarnings(False)


def test_no_line_tells_an_id_in_a_path_a_query_or_anything_that_was_said(
    settings: Settings, redis: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    api = Api(settings, rate_limit_messages_per_hour=4, allowed_origins=("https://coach.example.org",))
    page = {"Origin": "https://coach.example.org"}
    session = api.open_session(json={"metadata": {"note": PLANTED}}, headers=page)
    job = api.say(session, f"I like {PLANTED}", headers={"Idempotency-Key": PLANTED, **page}).get_json()["id"]
    api.finish(job, f"So you like {PLANTED}")
    api.say(session, f"{EMERGENCY} {PLANTED}")
    api.say(session, PLANTED, json={PLANTED: PLANTED})
    api.post(f"/sessions/{session}/messages", data=f'{{"text": "{PLANTED}"', content_type="application/json")
    api.say(session, PLANTED, headers={"Cancel-After": PLANTED})
    assert api.say(session, PLANTED).status_code == 429
    api.record(session, ("audio", WAV + PLANTED.encode(), f"{PLANTED}.wav", f"audio/{PLANTED}"))
    api.get(f"/jobs/{job}?wait=0&note={PLANTED}", headers={"User-Agent": PLANTED, "Referer": PLANTED, **page})
    api.get(f"/jobs/{PLANTED}", key=PLANTED)
    api.get(f"/{PLANTED}")
    api.history(session)
    api.delete(f"/sessions/{session}")

    lines = log_lines()
    text = json.dumps(lines)

    assert len([line for line in lines if line["event"] == "http.request"]) == 13
    assert PLANTED not in text
    assert EMERGENCY not in text
    assert session.removeprefix("sess_") not in text
    assert KEY not in text and OTHER not in text


def test_a_request_is_one_line_with_its_route_status_and_ids(
    settings: Settings, redis: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    api = Api(settings)

    api.get("/jobs/x", headers={"X-Request-ID": "trace-1"})
    [line] = [line for line in log_lines() if line["event"] == "http.request"]

    assert (line["method"], line["endpoint"], line["status"]) == ("GET", "jobs.get_job", 404)
    assert line["request_id"] == "trace-1"
    assert line["key_id"].startswith("key_")
    assert line["ms"] >= 0


def test_one_request_does_not_inherit_the_ids_of_another(
    settings: Settings, redis: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    api = Api(settings)
    api.get("/jobs/x", headers={"X-Request-ID": "trace-1"})
    api.get("/jobs/x", key="wrong")
    line = log_lines()[-1]

    assert line["status"] == 401
    assert "key_id" not in line
    assert line["request_id"] != "trace-1"


def test_probes_leave_no_line(settings: Settings, redis: Any, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    api = Api(settings)
    api.get("/livez")
    api.get("/readyz")

    assert [line for line in log_lines() if line["event"] == "http.request"] == []


def _damaged(api: Api, redis: Any) -> str:
    """A session that cannot be read, in a way that nobody foresaw."""
    session = api.open_session()
    redis.hset(keys.session(session), "created_at", "not a number")
    return session


def test_a_500_names_a_request_id_and_the_log_names_the_place(
    settings: Settings, redis: Any, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    session = _damaged(api := Api(settings), redis)

    answer = api.say(session, f"I like {PLANTED}")
    body = answer.get_json()

    assert (answer.status_code, body["code"]) == (500, "internal_error")
    assert set(body) == {"type", "title", "status", "code", "detail", "request_id"}
    assert "ValueError" not in answer.text and "created_at" not in answer.text
    [line] = [line for line in log_lines() if line["event"] == "http.unexpected"]
    assert (line["error"], line["request_id"]) == ("ValueError", body["request_id"])
    assert any("sessions.py" in place for place in line["at_code"])
    assert PLANTED not in json.dumps(line)


def test_a_500_for_an_emergency_still_carries_the_help(settings: Settings, redis: Any) -> None:
    session = _damaged(api := Api(settings), redis)

    answer = api.say(session, EMERGENCY)

    assert answer.status_code == 500
    assert answer.get_json()["safety"]["category"] == "emergency"
