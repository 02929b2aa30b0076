"""The plain part of what every ledger script is told: ids, caps and intervals, as the JSON in ARGV[1]."""

from __future__ import annotations

import json
from typing import Any

from config import Settings
from store.envelope import template

LEASE_MS = 12_000  # a killed worker costs at most this, one reaper interval and the queue: under 30 s
HEARTBEAT_SECONDS = 0.5  # also how fast a running job hears of a cancel (promised: 1 s)
REAP_SECONDS = 3
REDISPATCH_MS = 10_000
BACKSTOP_MS = 3_600_000  # as in `lua/engine.lua`
USAGE_DAYS = 7  # how far back `GET /usage` looks, today among them

_ENVELOPE = template()


def ttl_ms(settings: Settings) -> int:
    """How long a session lives after its last use, in milliseconds."""
    return settings.session_ttl_minutes * 60_000


def session_max_ms(settings: Settings) -> int:
    """How long a session lives at most, in milliseconds."""
    return settings.session_max_hours * 3_600_000


def webhook_keep_ms(settings: Settings) -> int:
    """How long a delivery is kept: it may be made at the end of a session, and retried on the whole schedule."""
    return session_max_ms(settings) + 2 * 1000 * sum(settings.webhook_retry_seconds)


def arguments(settings: Settings, *, session_id: str, job: str, code: str, **more: Any) -> str:
    """ARGV[1] of a ledger script."""
    return json.dumps(
        {
            "session": session_id,
            "job": job,
            "code": code,
            "envelope": _ENVELOPE,
            "running_cap": settings.max_running_jobs_per_api_key,
            "voice_cap": settings.rate_limit_voice_concurrent,
            "waiting_cap": settings.max_waiting_jobs_per_api_key,
            "max_attempts": settings.job_max_attempts,
            "max_history": settings.max_history_messages,
            "ttl_ms": ttl_ms(settings),
            "session_max_ms": session_max_ms(settings),
            "lease_ms": LEASE_MS,
            "redispatch_ms": REDISPATCH_MS,
            "webhook_keep_ms": webhook_keep_ms(settings),
            "usage_keep_ms": (USAGE_DAYS + 1) * 86_400_000,
            **more,
        }
    )
