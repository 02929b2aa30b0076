"""Who is calling, and may they: every route needs an API key, unless it is listed here."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import NoReturn

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException

import logs
from store import keys
from store.addresses import network_of
from store.api_keys import ADMIN, JOBS, METRICS, ApiKey
from store.session_tokens import SessionToken
from web import first_aid
from web.errors import ApiError, not_found, too_many
from web.services import Services, services

log = logging.getLogger(__name__)

# Probes tell nothing, and the pages hold no data: the chat page asks for the key.
PUBLIC = frozenset({"probes.livez", "probes.readyz", "pages.chat", "pages.docs", "pages.openapi", "static"})
# The scope that the routes of a blueprint need; all others need `jobs`.
SCOPES = {"keys": ADMIN, "metrics": METRICS}
# What a session token is good for, within its session: to talk, to hear the answer, and to take back what was said.
# Erasing is among it because that is the right of the person who talks, and they hold the token.
BY_TOKEN = frozenset(
    {
        "sessions.get_session",
        "sessions.list_messages",
        "sessions.erase_session",
        "messages.post_message",
        "messages.post_recording",
        "confirmations.confirm_job",
        "jobs.get_job",
        "jobs.cancel_job",
        "jobs.erase_job",
        "events.stream_events",
        "audio.get_speech",
    }
)
_BEARER = "bearer "


def init_app(app: Flask) -> None:
    """Check who is calling before anything else looks at the request."""

    @app.before_request
    def authenticate() -> None:
        if request.method == "OPTIONS" or request.endpoint is None or request.endpoint in PUBLIC:
            return
        presented, bearer = request.headers.get("X-API-Key", ""), _bearer()
        if not presented and not bearer:
            log.warning("Authentication failed", extra={"reason": "missing"})
            raise ApiError(401, "missing_api_key", "Missing API key. Provide X-API-Key header.")
        found, network = services(), network_of(request.remote_addr or "")
        if found.addresses.blocked(network):
            log.warning("Authentication failed", extra={"reason": "blocked", "address": network})
            _refuse(ApiError(403, "blocked", "Requests from your address are blocked. Please ask the operator."))
        if presented and bearer:
            detail = "Send an API key (X-API-Key) or a session token (Authorization: Bearer), not both."
            _refuse(ApiError(400, "two_credentials", detail))
        if bearer:
            _accept_token(found, found.tokens.read(bearer), network)
        else:
            # WSGI hands header bytes over as latin-1, so this gives back exactly what the client sent.
            key = found.api_keys.authenticate(presented.encode("latin-1", errors="replace"))
            if key is None:
                _count_wrong(found, network)
                raise _invalid_key()
            _accept_key(key)


def check_still_allowed() -> None:
    """For requests that go on for long: 401 once the caller's key was revoked, or key or token expired."""
    if time.time() >= g.allowed_until or not services().api_keys.active(g.api_key.id, lately=True):
        raise _invalid_key()


def _invalid_key() -> ApiError:
    return ApiError(401, "invalid_api_key", "Invalid API key.")


def _bearer() -> str:
    header = request.headers.get("Authorization", "")
    # Other schemes, such as the Basic of a proxy in front, are none of ours.
    return header[len(_BEARER) :].strip() if header[: len(_BEARER)].lower() == _BEARER else ""


def _accept_key(key: ApiKey) -> None:
    scope = SCOPES.get(request.blueprint or "", JOBS)
    if scope not in key.scopes:
        _refuse(ApiError(403, "missing_scope", f"This API key lacks the scope `{scope}`."))
    _let_in(key, None)


def _accept_token(found: Services, token: SessionToken | None, network: str) -> None:
    if token is None:
        _count_wrong(found, network)
        raise ApiError(401, "invalid_token", "Invalid session token.")
    if token.expires_at <= time.time() * 1000 or not found.api_keys.active(token.key_id):
        log.warning("Authentication failed", extra={"reason": "token_ended"})
        # Whoever sends it was let in before, so they get help too if what they write reads like an emergency.
        _refuse(ApiError(401, "token_ended", "This session token has ended. Please give the API key again."))
    if request.endpoint not in BY_TOKEN:
        detail = "A session token is good for talking in its session. This needs an API key."
        _refuse(ApiError(403, "missing_scope", detail))
    where = request.view_args or {}
    if where.get("session_id", keys.session_of(where.get("job_id", ""))) != token.session_id:
        _refuse(not_found("session" if "session_id" in where else "job"))
    _let_in(ApiKey(token.key_id, "", (JOBS,)), token)


def _let_in(key: ApiKey, token: SessionToken | None) -> None:
    g.api_key, g.token = key, token
    g.allowed_until = token.expires_at / 1000 if token else float("inf")
    logs.key_id.set(key.id)


def _count_wrong(found: Services, network: str) -> None:
    """Log and count a wrong key; the 51st within minutes from one address is answered 429.

    A right key from there is accepted as ever: others may share the address, and 256 random bits are not found by
    trying, however fast. What this saves is the log, and the patience of whoever reads it.
    """
    wait = found.addresses.wrong_key(network)
    if wait:
        _refuse(too_many(["WRONG_API_KEYS"], wait))
    log.warning("Authentication failed", extra={"reason": "invalid", "address": network})


def _refuse(error: ApiError) -> NoReturn:
    """Whoever asks may not, but an emergency is not refused without a word of help."""
    with suppress(HTTPException):
        first_aid.screen()
    raise error
