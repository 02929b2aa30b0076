"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`, from one place."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

log = logging.getLogger(__name__)

ROUTES = "/v1/models, /v1/chat/completions, /v1/embeddings, /v1/audio/transcriptions and /v1/audio/speech"
MAX_BODY_MB = 25  # what the OpenAI API accepts as an audio file


class ApiError(Exception):
    """A request that is refused; `message` tells the caller what to change."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code
        self.retry_after = retry_after


def invalid(param: str, message: str, code: str | None = "invalid_value") -> ApiError:
    """The 400 for a field that cannot be used."""
    return ApiError(message, param=param, code=code)


def register(app: Flask) -> None:
    """Answer every error of `app` in the one shape; what is not ours to explain says nothing internal."""
    app.register_error_handler(ApiError, _response)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _response(error: ApiError) -> Response:
    body = {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}
    response = jsonify({"error": body})
    response.status_code = error.status
    if error.retry_after is not None:
        response.headers["Retry-After"] = f"{error.retry_after:g}"
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return _response(ApiError(f"The body is larger than {MAX_BODY_MB} MB. Send less at once.", status=status))
    if status in {404, 405}:
        what = f"There is no {request.method} {request.path} here. The routes are {ROUTES}."
        return _response(ApiError(what, status=status, code="unknown_url"))
    return _response(ApiError("The request could not be read.", status=status))


def _unexpected(error: Exception) -> Response:
    log.error("offline.failed", exc_info=error, extra={"endpoint": request.endpoint})
    return _response(ApiError("The server had an error. Its log says where.", status=500, kind="server_error"))
