"""TCP ports on loopback."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def obstacle(port: int) -> str:
    """Why no server could listen on this port, "" = one could (what lingers from an earlier run does not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.strerror or str(error)
        return ""


def is_listening(port: int) -> bool:
    """Whether a server takes connections on this port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
