"""Where a client may have webhooks sent: what the guard and the store say about it, as an answer to the client."""

from __future__ import annotations

import logging
from typing import Any

from flask import current_app, g

from web.errors import ApiError
from web.limits import limiter
from web.services import services
from webhooks.addresses import IPAddress
from webhooks.errors import Blocked
from webhooks.guard import Guard
from webhooks.resolving import Unresolvable

log = logging.getLogger(__name__)

LOOKUP_SECONDS = 2.0
CALLS_PER_HOUR = 1000

# For routes beside the messages that look up a name, or have a request sent to somebody else's server.
calls_out = limiter.shared_limit(lambda: f"{CALLS_PER_HOUR} per hour", scope="WEBHOOK_CALLS_PER_HOUR")


def check_url(url: str, *place: str) -> None:
    """Refuse a URL that no request may go to. `place` says where it stands, such as `"json", "url"`.

    Raises:
        ApiError: 422 with the guard's sentence.
    """
    try:
        services().guard.check(url, LOOKUP_SECONDS)
    except Blocked as error:
        raise _blocked(error, place) from error


def check_webhook(webhook: dict[str, str] | None, location: str) -> None:
    """Refuse the webhook of a job that nothing could be sent to.

    Raises:
        ApiError: 422 with a sentence.
    """
    if webhook and "url" in webhook:
        check_url(webhook["url"], location, "webhook", "url")
    elif webhook:
        _check_endpoint(webhook["endpoint_id"], location, "webhook", "endpoint_id")


def fine_at_sight(webhook: dict[str, str]) -> bool:
    """Like `check_webhook`, but no name is looked up: whoever is answered with help at once does not wait for that.

    The worker looks it up before it sends anything.
    """
    try:
        if "endpoint_id" in webhook:
            _check_endpoint(webhook["endpoint_id"])
        else:
            Guard(current_app.config["SETTINGS"].webhook_allow_http_hosts, _ask_nobody).check(webhook["url"])
    except ApiError:
        return False
    except Blocked as error:
        return error.code == "unresolvable"
    return True


def _check_endpoint(endpoint_id: str, *place: str) -> None:
    endpoint = services().endpoints.get(endpoint_id, g.api_key.id)
    if endpoint is None:
        detail = "There is no such webhook endpoint. Register it with POST /webhook-endpoints first."
        raise _refused("unknown_endpoint", detail, place)
    if not endpoint.enabled:
        detail = 'This webhook endpoint is disabled. Send {"enabled": true} to PATCH /webhook-endpoints/{id} first.'
        raise _refused("endpoint_disabled", detail, place)


def _blocked(error: Blocked, place: tuple[str, ...]) -> ApiError:
    log.warning("webhook.url_blocked", extra={"code": error.code})
    return _refused("webhook_url_blocked", str(error), place)


def _refused(code: str, sentence: str, place: tuple[str, ...]) -> ApiError:
    errors: Any = [sentence]
    for name in reversed(place):
        errors = {name: errors}
    return ApiError(422, code, sentence, errors=errors)


def _ask_nobody(_host: str, _seconds: float) -> list[IPAddress]:
    raise Unresolvable("nobody was asked")
