"""gunicorn's gevent worker, except that what gunicorn itself refuses is answered and logged as everything else is."""

from __future__ import annotations

import json
import logging
import secrets
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

log = logging.getLogger(__name__)

_STATUS = {
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
}


class Log(Logger):
    """gunicorn's messages through the root logger: one form for all lines."""

    def setup(self, cfg: Config) -> None:  # noqa: D102 (gunicorn's)
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(GeventWorker):
    """Two request lengths, half a header, a URL without end: refused before the application sees them."""

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Answer and log. gunicorn would do it in HTML, and log the address, the URL or the header that it refused."""
        request_id = secrets.token_hex(8)
        if isinstance(exc, errors.ParseException):
            status = _STATUS.get(type(exc), HTTPStatus.BAD_REQUEST)
            extra = {"reason": type(exc).__name__, "status": status.value, "request_id": request_id}
            log.warning("Input validation failed", extra=extra)
            code, detail = "bad_request", "The request could not be read as HTTP/1.1."
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            log.error("http.unexpected", exc_info=exc, extra={"request_id": request_id})
            code, detail = "internal_error", "Something went wrong on our side."
        body = json.dumps(
            {
                "type": "about:blank",
                "title": status.phrase,
                "status": status.value,
                "code": code,
                "detail": detail,
                "request_id": request_id,
            }
        )
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            f"X-Request-ID: {request_id}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, (head + body).encode())
        except OSError:
            log.debug("http.client_gone")
