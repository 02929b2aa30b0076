"""What can go wrong on the way to a receiver."""

from __future__ import annotations


class Blocked(Exception):
    """A URL that no request is sent to.

    `str(error)` is a sentence for the client, who may be hostile: it says what to do and nothing about the network
    that this service runs in. `detail` is for the operator. `code` is one of `url`, `userinfo`, `fragment`, `host`,
    `scheme`, `port`, `address` and `unresolvable`.
    """

    def __init__(self, code: str, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.detail = detail or reason


class SendError(Exception):
    """No complete answer came.

    `code` is all there is to say: `connect` (nobody there), `tls` (the certificate or the handshake), `timeout` (the
    whole attempt took too long), `reset` (the connection broke), `protocol` (what came is not HTTP), `too_large`
    (headers without end).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
