"""Who is calling: every route needs an API key, unless it is listed here."""

from __future__ import annotations

import logging

from flask import Flask, g, request

import logs
from store.api_keys import JOBS, ApiKeys
from web.errors import ApiError

log = logging.getLogger(__name__)

# Probes tell nothing, and the pages hold no data: the chat page asks for the key.
PUBLIC = frozenset({"probes.livez", "probes.readyz", "pages.chat", "pages.docs", "pages.openapi", "static"})


def init_app(app: Flask, api_keys: ApiKeys) -> None:
    """Check the key of each request before anything else looks at it."""

    @app.before_request
    def authenticate() -> None:
        if request.method == "OPTIONS" or request.endpoint is None or request.endpoint in PUBLIC:
            return
        presented = request.headers.get("X-API-Key", "")
        if not presented:
            log.warning("Authentication failed", extra={"reason": "missing"})
            raise ApiError(401, "missing_api_key", "Missing API key. Provide X-API-Key header.")
        # WSGI hands header bytes over as latin-1, so this gives back exactly what the client sent.
        key = api_keys.authenticate(presented.encode("latin-1", errors="replace"))
        if key is None:
            log.warning("Authentication failed", extra={"reason": "invalid"})
            raise ApiError(401, "invalid_api_key", "Invalid API key.")
        if JOBS not in key.scopes:
            raise ApiError(403, "missing_scope", "This API key lacks the scope `jobs`.")
        g.api_key = key
        logs.key_id.set(key.id)
