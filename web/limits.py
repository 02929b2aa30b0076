"""Rate limits per API key, shared by all processes in Redis. Redis away means 503, never unlimited."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask, Response, current_app, g
from flask_limiter import Limiter
from limits import parse
from redis.exceptions import RedisError

from config import Settings

# What a rate-limited request asks for, as `store.usage.Usage.reached` names it.
_KINDS = {
    "RATE_LIMIT_SESSIONS_PER_HOUR": "session",
    "RATE_LIMIT_MESSAGES_PER_HOUR": "message",
    "RATE_LIMIT_VOICE_PER_HOUR": "voice",
}

limiter = Limiter(key_func=lambda: g.api_key.id, headers_enabled=False)


def init_app(app: Flask, settings: Settings, connection_pool: Any) -> None:
    """Bind the limiter to this application's Redis."""
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url
    app.config["RATELIMIT_STORAGE_OPTIONS"] = {"connection_pool": connection_pool}
    limiter.init_app(app)
    app.after_request(_headers)


def limited(policy: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limit a step by a setting such as `RATE_LIMIT_MESSAGES_PER_HOUR`, per API key."""

    def amount() -> str:
        settings: Settings = current_app.config["SETTINGS"]
        return f"{getattr(settings, policy.lower())} per hour"

    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = limiter.shared_limit(amount, scope=policy)
    return decorator


def breached() -> tuple[list[str], float]:
    """The policies that refuse this request, the rate limit first, and in how many seconds the last of them is over."""
    over = [limit for limit in limiter.current_limits if limit.breached]
    policies = [limit.request_args[-1] for limit in over]
    seconds = max(limit.reset_at for limit in over) - time.time()
    kind = next((_KINDS[policy] for policy in policies if policy in _KINDS), None)
    if kind:
        with suppress(RedisError):  # the refusal stands without them
            others, day_ends = current_app.extensions["services"].usage.reached(g.api_key.id, kind)
            policies, seconds = policies + others, max(seconds, day_ends)
    return policies, seconds


def left(policy: str, per_hour: int) -> tuple[int, float | None]:
    """What is left of a rate limit, and when it is whole again (seconds since the epoch; None = it is)."""
    window = limiter.limiter.get_window_stats(parse(f"{per_hour} per hour"), g.api_key.id, policy)
    return window.remaining, window.reset_time if window.remaining < per_hour else None


def _headers(response: Response) -> Response:
    """`X-RateLimit-*` on limited routes. flask-limiter's own would also claim `Retry-After` on every 202."""
    limit = limiter.current_limit
    service_unavailable = 503
    if limit and response.status_code < service_unavailable:
        with suppress(RedisError):  # it went away meanwhile: the answer stands without them
            response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
            response.headers["X-RateLimit-Remaining"] = str(limit.remaining)
            response.headers["X-RateLimit-Reset"] = str(limit.reset_at)
    return response
