"""One attempt to deliver: a POST to a checked target, and what came back."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore

from webhooks.errors import SendError
from webhooks.guard import Target
from webhooks.stream import Allowance, PinnedBackend

MAX_ANSWER_BYTES = 64 * 1024  # headers and body together
EXCERPT_BYTES = 1024
_LONGEST_RETRY_AFTER = 86_400.0  # seconds: a receiver may ask for a day at most


@dataclass(frozen=True)
class Answer:
    """What the receiver said. `retry_after` in seconds; `excerpt` is the first 1 kB of the body, as it came."""

    status: int
    excerpt: bytes
    retry_after: float | None
    latency_ms: int


class Sender:
    """Posts JSON over HTTP/1.1, each time on a connection of its own.

    No redirect is followed, no proxy of the environment is used, no cookie is kept, no compression is offered.
    """

    def __init__(self) -> None:
        """Loads the certificate authorities: the system's, or those of `SSL_CERT_FILE`."""
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def post(self, target: Target, headers: Mapping[str, str], body: bytes, timeout: float = 15.0) -> Answer:
        """Send the body once; `timeout` in seconds holds for everything together, from connecting to the last byte.

        At most 64 kB of an answer are read. A longer body is cut there, and the status counts all the same: a 200 with
        10 MB is a success. Headers that are longer, a body that ends too early or one that drips past the timeout are
        no answer.

        Raises:
            SendError: no complete answer came.
        """
        started = time.monotonic()
        allowance = Allowance(timeout, MAX_ANSWER_BYTES)
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        sent = {
            **headers,
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "reframing-retirement-coach",
            "Connection": "close",
        }
        connection = httpcore.HTTPConnection(
            url.origin, ssl_context=self._tls, network_backend=PinnedBackend(target.address, allowance)
        )
        try:
            with connection, connection.stream("POST", url, headers=list(sent.items()), content=body) as response:
                read = _read(response)
        except httpcore.TimeoutException as error:
            raise SendError("timeout") from error
        except httpcore.ConnectError as error:
            raise SendError("connect") from error
        except httpcore.NetworkError as error:
            raise SendError("reset") from error
        except httpcore.RemoteProtocolError as error:
            raise SendError("protocol") from error
        wait = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
        latency = round((time.monotonic() - started) * 1000)
        return Answer(response.status, read[:EXCERPT_BYTES], retry_after(wait, datetime.now(UTC)), latency)


def _read(response: httpcore.Response) -> bytes:
    read = bytearray()
    try:
        for chunk in response.iter_stream():
            read += chunk
    except SendError as error:
        if error.code != "too_large":
            raise
    return bytes(read)


def retry_after(value: bytes, now: datetime) -> float | None:
    """Seconds to wait, from a `Retry-After` header in seconds or as a date (RFC 9110, 10.2.3); from 0 to a day.

    None for an empty or unreadable value.
    """
    text = value.decode("latin-1").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)
