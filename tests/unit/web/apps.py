"""The real application without a Redis behind it: whatever asks the store fails, which is the point."""

from __future__ import annotations

import base64
from pathlib import Path

from flask import Flask

from config import Settings
from web.app import create_app

NO_REDIS = "redis://127.0.0.1:9/0"  # nothing listens there


def app_without_redis(**variables: str) -> Flask:
    """An application with these environment variables."""
    environment = {
        "REDIS_URL": NO_REDIS,
        "API_KEYS": "a-key",
        "DATA_ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode(),
        **variables,
    }
    return create_app(Settings.from_env(environment, Path("/nonexistent")))


def every_call(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and a path of every route; ids are of nobody."""
    urls = app.url_map.bind("localhost")
    calls = []
    for rule in app.url_map.iter_rules():
        path = urls.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
        calls += [(rule.endpoint, method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return calls
