"""One log line a request: route, status, time. Never a URL with its ids or query, never a body."""

from __future__ import annotations

import logging
import time

from flask import Response, g, request

log = logging.getLogger(__name__)

_QUIET = frozenset({"probes.livez", "probes.readyz"})


def record(response: Response) -> None:
    """Log what was answered."""
    if request.endpoint in _QUIET:
        return
    elapsed = round((time.monotonic() - g.began) * 1000)
    fields = {"method": request.method, "endpoint": request.endpoint, "status": response.status_code, "ms": elapsed}
    log.info("http.request", extra=fields)
