"""Standard Webhooks signatures: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets as random
from collections.abc import Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """A fresh signing secret: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode("ascii")


def sign(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header: one `v1,` HMAC-SHA256 per secret, separated by spaces.

    `timestamp` in seconds since 1970, as in the `webhook-timestamp` header. Two secrets while one replaces the other.

    Raises:
        ValueError: a secret is not `whsec_` and base64, or there is none.
    """
    if not secrets:
        raise ValueError("A webhook needs a signing secret.")
    content = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(_key(secret), content, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(signature).decode('ascii')}" for signature in signatures)


def headers(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of an attempt. The id is the same in every attempt, the timestamp is the attempt's own.

    Raises:
        ValueError: as `sign`.
    """
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, webhook_id, timestamp, body),
    }


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key or not secret.startswith(_PREFIX):
        raise ValueError("A signing secret is not `whsec_` and base64.")
    return key
