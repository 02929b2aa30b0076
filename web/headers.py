"""Request headers (and one query parameter) as OpenAPI shows them."""

from __future__ import annotations

from typing import Any

IDEMPOTENCY_KEY_LENGTH = 255


def _parameter(where: str, name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"in": where, "name": name, "description": description, "schema": {"type": "string", **schema}}


IDEMPOTENCY_KEY = _parameter(
    "header",
    "Idempotency-Key",
    "sent again with the same content, it answers the same job",
    maxLength=IDEMPOTENCY_KEY_LENGTH,
)
PREFER = _parameter("header", "Prefer", "wait for the job's end, up to so many seconds (RFC 7240)", example="wait=30")
WAIT = _parameter("query", "wait", "the same as `Prefer: wait=N`", type="integer", minimum=0, maximum=60)
CANCEL_AFTER = _parameter("header", "Cancel-After", "end the job as expired after so many seconds", example="90s")
KEY_OR_TOKEN: list[dict[str, list[str]]] = [{"ApiKey": []}, {"SessionToken": []}]  # what `auth.BY_TOKEN` accepts
LAST_EVENT_ID = _parameter("header", "Last-Event-ID", "the last event seen: the stream goes on behind it")
RANGE = _parameter("header", "Range", "a part of it, such as `bytes=0-1023` (RFC 9110)")
