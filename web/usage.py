"""What a client has used, and how much more it may."""

from __future__ import annotations

from typing import Any

from flask import current_app, g
from flask_smorest import Blueprint

from config import Settings
from store.prices import MICRO, as_of, dollars, rates
from store.usage import Day, budget
from web import limits
from web.services import services
from web.usage_schemas import LimitsSchema, UsageReportSchema
from web.webhook_targets import CALLS_PER_HOUR

blueprint = Blueprint("usage", __name__, description="What was used, and what is left")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@blueprint.route("/usage", methods=["GET"])
@blueprint.response(200, UsageReportSchema)
def get_usage() -> Any:
    """Tokens, audio and cost of your API key, today and in the last seven days (UTC)."""
    standing, allowed = services().usage.standing(g.api_key.id), budget(_settings())
    days = [_day(day) for day in standing.days]
    return {
        "today": days[0],
        "reserved_usd": dollars(standing.reserved),
        "budget": {
            "limit_usd": None if allowed is None else dollars(allowed),
            "remaining_usd": None if allowed is None else dollars(standing.left(allowed)),
            "reset_at": standing.day_ends,
        },
        "days": days,
        "prices": {"as_of": as_of(), "known": rates(_settings()).known},
    }


def _day(day: Day) -> dict[str, Any]:
    return {
        "date": day.date,
        "jobs": day.jobs,
        "input_tokens": day.input_tokens,
        "output_tokens": day.output_tokens,
        "audio_seconds": day.audio_ms / 1000,
        "speech_characters": day.characters,
        "cost_usd": dollars(day.cost),
    }


@blueprint.route("/limits", methods=["GET"])
@blueprint.response(200, LimitsSchema)
def get_limits() -> Any:
    """Every limit that holds for your API key, and what is left of it. Reading them uses nothing up."""
    settings, standing = _settings(), services().usage.standing(g.api_key.id)
    allowed = budget(settings)

    def held(name: str, unit: str, taken: int | None = None) -> dict[str, Any]:
        """A limit that a setting of this name sets, on what there is at any moment."""
        limit = getattr(settings, name.lower())
        remaining = None if taken is None else max(0, limit - taken)
        return {"policy": name, "limit": limit, "remaining": remaining, "unit": unit, "per": None, "reset_at": None}

    limits_now = [
        _hourly("RATE_LIMIT_SESSIONS_PER_HOUR", settings.rate_limit_sessions_per_hour, "sessions"),
        _hourly("RATE_LIMIT_MESSAGES_PER_HOUR", settings.rate_limit_messages_per_hour, "messages"),
        _hourly("RATE_LIMIT_VOICE_PER_HOUR", settings.rate_limit_voice_per_hour, "recordings"),
        _hourly("WEBHOOK_CALLS_PER_HOUR", CALLS_PER_HOUR, "requests"),
        held("RATE_LIMIT_VOICE_CONCURRENT", "recordings", standing.running_voice),
        held("MAX_RUNNING_JOBS_PER_API_KEY", "jobs", standing.running),
        held("MAX_WAITING_JOBS_PER_API_KEY", "jobs", standing.waiting),
        held("MAX_SESSIONS_PER_API_KEY", "sessions", standing.sessions),
        held("MAX_TOTAL_SESSIONS", "sessions"),
        held("MAX_MESSAGE_LENGTH", "characters"),
        held("MAX_AUDIO_SIZE_MB", "megabytes"),
        held("MAX_AUDIO_SECONDS", "seconds"),
        held("JOB_DEADLINE_SECONDS", "seconds"),
        {
            "policy": "DAILY_BUDGET_USD",
            "limit": None if allowed is None else allowed / MICRO,
            "remaining": None if allowed is None else standing.left(allowed) / MICRO,
            "unit": "dollars",
            "per": "day",
            "reset_at": standing.day_ends,
        },
    ]
    return {"data": limits_now}


def _hourly(policy: str, per_hour: int, unit: str) -> dict[str, Any]:
    remaining, reset_at = limits.left(policy, per_hour)
    moment = None if reset_at is None else reset_at * 1000
    return {
        "policy": policy,
        "limit": per_hour,
        "remaining": remaining,
        "unit": unit,
        "per": "hour",
        "reset_at": moment,
    }
