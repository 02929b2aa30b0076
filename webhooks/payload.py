"""The body of an event: which job, and how it ended; what was said only where the endpoint asked for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 20_000  # Standard Webhooks: payloads stay below 20 kB
_THIN = ("id", "session_id", "status", "outcome")
_FULL = ("output", "transcript")


def event_body(event: str, timestamp: str, job: Mapping[str, Any], *, include_output: bool = False) -> bytes:
    """An event as compact JSON below 20 kB.

    Args:
        event: its type, such as `job.completed`.
        timestamp: when it happened, RFC 3339.
        job: a job as `GET /jobs/{id}` shows it.
        include_output: also send `output` and `transcript`. If that grows too large, they are left out and
            `"truncated": true` says so: the receiver gets them from `GET /jobs/{id}`.
    """
    thin = {name: job[name] for name in _THIN}
    if include_output:
        full = _encode(event, timestamp, thin | {name: job[name] for name in _FULL})
        return full if len(full) < MAX_BYTES else _encode(event, timestamp, thin | {"truncated": True})
    return _encode(event, timestamp, thin)


def _encode(event: str, timestamp: str, data: dict[str, Any]) -> bytes:
    body = {"type": event, "timestamp": timestamp, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
