"""Webhook receivers over HTTPS, seen from the one who runs them."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from typing import Any

import trustme
from standardwebhooks import Webhook

from tests.integration.webhooks.receivers import Behaviour, Receiver, answers


def https(authority: trustme.CA, *behaviours: Behaviour) -> Receiver:
    """A receiver on `localhost` that behaves as told, the last way for ever after."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    left = list(behaviours or [answers(200)])
    lock = threading.Lock()

    def behave(connection: socket.socket, over: threading.Event) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(connection, over)

    return Receiver(behave, context)


def url(receiver: Receiver) -> str:
    return f"https://localhost:{receiver.port}/hook"


def headers(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def verified(request: bytes, secret: str) -> dict[str, Any]:
    """The event in a request, as the library of the specification reads it; raises if the signature is wrong."""
    body = request.partition(b"\r\n\r\n")[2]
    Webhook(secret).verify(body, headers(request))
    event: dict[str, Any] = json.loads(body)
    return event
