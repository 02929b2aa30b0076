from __future__ import annotations

import json
from typing import Any

from webhooks.payload import MAX_BYTES, event_body

AT = "2026-03-01T12:00:00Z"
THIN = {"id": "job_1", "session_id": "sess_1", "status": "completed", "outcome": "answered"}


def _job(text: str) -> dict[str, Any]:
    return {
        **THIN,
        "type": "message",
        "metadata": {"name": "Ada"},
        "output": {"text": text, "audio_url": None, "citations": []},
        "transcript": {"text": "what I said"},
        "coach": {"mode": "coaching"},
    }


def test_an_event_is_thin_unless_asked_otherwise() -> None:
    body = event_body("job.completed", AT, _job("what you hear"))

    assert json.loads(body) == {"type": "job.completed", "timestamp": AT, "data": THIN}
    assert b" " not in body


def test_output_and_transcript_come_only_by_opting_in() -> None:
    data = json.loads(event_body("job.completed", AT, _job("café"), include_output=True))["data"]

    assert data == THIN | {"output": _job("café")["output"], "transcript": {"text": "what I said"}}


def test_an_event_that_would_grow_too_large_is_thin_and_says_so() -> None:
    spare = MAX_BYTES - len(event_body("job.completed", AT, _job(""), include_output=True))

    fits = event_body("job.completed", AT, _job("é" * ((spare - 1) // 2)), include_output=True)
    grown = event_body("job.completed", AT, _job("x" * spare), include_output=True)

    assert MAX_BYTES - 2 <= len(fits) < MAX_BYTES
    assert "output" in json.loads(fits)["data"]
    assert json.loads(grown)["data"] == THIN | {"truncated": True}
