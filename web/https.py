"""`FORCE_HTTPS`: nothing that matters is said over http. The scheme is the connection's, or a trusted proxy's word."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from config import Settings
from web import first_aid
from web.errors import ApiError

_YEAR = 365 * 24 * 60 * 60
_PAGES = frozenset({"pages.chat", "pages.docs", "static"})  # a browser asks for these without a key
_PROBES = frozenset({"probes.livez", "probes.readyz"})  # asked from inside, past the proxy


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse http if the settings say so, before a key is asked for; have browsers remember https (RFC 6797)."""
    if not settings.force_https:
        return

    @app.before_request
    def refuse_http() -> AnyResponse | None:
        if request.is_secure or request.endpoint is None or request.endpoint in _PROBES:
            return None
        if request.endpoint in _PAGES:
            return redirect(urlsplit(request.url)._replace(scheme="https").geturl(), 308)
        # Not redirected: the client would go on to send its key and somebody's words in the clear, unnoticed.
        with suppress(HTTPException):
            first_aid.screen()  # no key has been checked, but an emergency is not refused without a word of help
        sentence = "This service answers over https only. A key that was sent over http may have been read: replace it."
        raise ApiError(403, "https_required", sentence)

    @app.after_request
    def remember(response: Response) -> Response:
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
        return response
