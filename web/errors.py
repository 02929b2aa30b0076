"""One error body, one handler: `{"type", "title", "status", "code", "detail", "errors"?, "request_id"}` (RFC 9457)."""

from __future__ import annotations

import logging
import math
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import IO, Any

from flask import Flask, Response, g, jsonify, request
from flask_limiter import RateLimitExceeded
from gunicorn.http.errors import ParseException
from marshmallow import Schema, fields
from redis.exceptions import OutOfMemoryError, RedisError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from store.crypto import SealError
from store.sessions import SessionCapReached
from store.submission import LimitsReached, SubmitRefused
from web import first_aid, limits
from web.bodies import RECORDING

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
STORAGE_RETRY_SECONDS = 60
_BAD_INPUT = frozenset({400, 413, 415, 422})
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 10.0

_REFUSED = {
    "gone": (404, "not_found", "There is no such session. It may have expired: open a new one with POST /sessions."),
    "ending": (409, "session_ending", "This session ends before the job could. Open a new one with POST /sessions."),
    "busy": (409, "session_busy", "A job of this session is still running, and on_busy is reject."),
    "raced": (409, "session_busy", "Too many messages for this session at one moment. Please send it again."),
    "not_confirmable": (
        409,
        "not_confirmable",
        "This job does not wait for a confirmation: see its `confirmation_needed`. Send a new message instead.",
    ),
    "confirmed": (409, "already_confirmed", "This job was confirmed before: see its `confirmed_by`."),
    "mismatch": (422, "idempotency_mismatch", "This Idempotency-Key was used with other content. Use a new one."),
}


class ErrorSchema(Schema):
    """Every error (RFC 9457)."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "what went wrong, for programs"})
    detail = fields.Raw(metadata={"description": "a sentence for a person; an object for 429"})
    errors = fields.Raw(metadata={"description": "each field that is not as expected, or each limit that was reached"})
    safety = fields.Dict(metadata={"description": "help for a message that reads like an emergency, though refused"})
    request_id = fields.String()


PROBLEM: dict[str, Any] = {"schema": ErrorSchema, "content_type": "application/problem+json"}


class ApiError(Exception):
    """An answer other than the one that was asked for. `detail` is a sentence for a person, or an object."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | dict[str, Any],
        *,
        errors: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def not_found(what: str) -> ApiError:
    """The same answer for what does not exist and for what belongs to somebody else."""
    return ApiError(404, "not_found", f"There is no such {what}.")


def too_many(policies: list[str], retry_after: int) -> ApiError:
    """429 in the wording that existing clients know; `errors` names the policies."""
    log.warning("Rate limit exceeded", extra={"policies": policies})
    detail = {
        "error": "rate_limit_exceeded",
        "message": "Too many requests. Please slow down.",
        "retry_after": retry_after,
    }
    errors = [{"policy": policy} for policy in policies]
    return ApiError(429, "rate_limit_exceeded", detail, errors=errors, headers={"Retry-After": str(retry_after)})


def respond(error: ApiError) -> Response:
    """The error as a response. A refusal of a message that reads like an emergency still carries the help text."""
    if error.status in _BAD_INPUT:
        log.warning("Input validation failed", extra={"endpoint": request.endpoint, "code": error.code})
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "request_id": g.get("request_id"),
    }
    if error.errors:
        body["errors"] = error.errors
    if g.get("safety"):
        body["safety"] = g.safety
    response = jsonify(body)
    response.status_code = error.status
    response.content_type = "application/problem+json"
    response.headers.update(error.headers)
    return response


def register(app: Flask) -> None:
    """Map every exception that can leave a route."""

    @app.errorhandler(ApiError)
    def _api_error(error: ApiError) -> Response:
        return respond(error)

    @app.errorhandler(RateLimitExceeded)
    def _rate_limit(_: RateLimitExceeded) -> Response:
        policies, seconds = limits.breached()
        return respond(too_many(policies, max(1, math.ceil(seconds))))

    @app.errorhandler(SessionCapReached)
    def _session_cap(error: SessionCapReached) -> Response:
        return respond(too_many(error.policies, 60))

    @app.errorhandler(SubmitRefused)
    def _refused(error: SubmitRefused) -> Response:
        return respond(ApiError(*_REFUSED[error.reason]))

    @app.errorhandler(LimitsReached)
    def _limits_reached(error: LimitsReached) -> Response:
        until_tomorrow = "DAILY_BUDGET_USD" in error.policies
        return respond(too_many(error.policies, error.day_ends if until_tomorrow else RETRY_SECONDS))

    @app.errorhandler(RedisError)
    def _store_away(error: RedisError) -> Response:
        log.error("store.unavailable", extra={"error": type(error).__name__})
        with suppress(HTTPException):
            first_aid.screen()  # the key could not be checked, so nothing has looked at the message yet
        detail = "The service is not available just now. Please try again in a few seconds."
        return respond(ApiError(503, "unavailable", detail, headers={"Retry-After": str(RETRY_SECONDS)}))

    @app.errorhandler(SealError)
    def _unreadable(_: SealError) -> Response:
        log.error("store.unreadable", extra={"endpoint": request.endpoint})
        detail = "This was stored under a key that the service no longer has. Tell the operator, or erase the session."
        return respond(ApiError(503, "unreadable", detail))

    @app.errorhandler(OutOfMemoryError)
    def _storage_full(_: OutOfMemoryError) -> Response:
        log.error("store.full")
        detail = "The service holds all it can just now. Please try again in a minute; what was accepted goes on."
        return respond(ApiError(503, "storage_full", detail, headers={"Retry-After": str(STORAGE_RETRY_SECONDS)}))

    @app.errorhandler(RequestEntityTooLarge)
    def _too_large(_: RequestEntityTooLarge) -> Response:
        length, longest = request.content_length, request.max_content_length or 0
        whole = length is None or length > longest  # or one part of it, or the number of its parts
        if request.endpoint == RECORDING and whole:
            response = respond(too_large(app.config["MAX_AUDIO_SIZE_MB"]))
        else:
            response = respond(ApiError(413, "too_large", "Request body too large."))
        response.call_on_close(partial(_drain, request.environ["wsgi.input"]))
        return response

    @app.errorhandler(ParseException)
    def _broken_off(_: ParseException) -> Response:
        """A chunk of a chunked body was none; gunicorn closes the connection behind the answer."""
        return respond(ApiError(400, *_http_words(400, BadRequest())))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        data = getattr(error, "data", None) or {}  # what webargs knows about a refused body
        code, detail = _http_words(status, error)
        headers = {
            name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After", "Content-Range"}
        }
        return respond(ApiError(status, code, detail, errors=data.get("messages"), headers=headers))

    @app.errorhandler(Exception)
    def _unexpected(_: Exception) -> Response:
        log.exception("http.unexpected", extra={"endpoint": request.endpoint})
        detail = "Something went wrong on our side. Please tell the operator this request id."
        return respond(ApiError(500, "internal_error", detail))


def too_large(megabytes: int) -> ApiError:
    """413 in the wording that existing clients know."""
    return ApiError(413, "too_large", f"Audio file too large. Maximum size: {megabytes}MB")


def _http_words(status: int, error: HTTPException) -> tuple[str, str]:
    words = {
        400: ("bad_request", "The request could not be read. Send JSON, or multipart/form-data for a recording."),
        416: ("range_not_satisfiable", "The recording is shorter than that; Content-Range says how long it is."),
        404: ("not_found", "There is nothing at this address. The routes are listed at /docs."),
        405: ("method_not_allowed", "This address does not take that method. The routes are listed at /docs."),
        415: (
            "unsupported_media_type",
            "Send JSON (Content-Type: application/json), or multipart/form-data for audio.",
        ),
        422: ("invalid_request", "Some fields are not as expected; `errors` names each."),
    }
    return words.get(status, (error.name.lower().replace(" ", "_"), error.name))


def _drain(stream: IO[bytes]) -> None:
    """Read on and forget it: a client that is still sending would lose the answer to a closed connection."""
    ends, left = time.monotonic() + _DRAIN_SECONDS, _DRAIN_BYTES
    while left > 0 and time.monotonic() < ends:
        piece = stream.read(65_536)
        if not piece:
            return
        left -= len(piece)
