"""XML-RPC over a Unix socket, which is how supervisord is told what to do."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from pathlib import Path

ANSWER_SECONDS = 10


class UnixTransport(xmlrpc.client.Transport):
    """For `xmlrpc.client.ServerProxy`: a connection per call to the socket at `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: D102 (inherited)
        return _UnixConnection(self._path)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
