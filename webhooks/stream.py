"""A connection to one checked address, with one deadline for all it does and a limit on what it reads."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from webhooks.errors import SendError

_PIECE = 4096  # bytes written at a time, so that a receiver that reads slowly cannot stretch one long write


class Allowance:
    """What an attempt may still use: time until `deadline` (of `time.monotonic()`), and bytes to read."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._deadline = time.monotonic() + seconds
        self._bytes = most_bytes

    def seconds(self) -> float:
        """The seconds that are left.

        Raises:
            SendError: `timeout`, when none are.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise SendError("timeout")
        return left

    def bytes(self, wanted: int) -> int:
        """How many of the wanted bytes may be read.

        Raises:
            SendError: `too_large`, when none may.
        """
        if not self._bytes:
            raise SendError("too_large")
        return min(wanted, self._bytes)

    def spend(self, count: int) -> None:
        """So many bytes were read."""
        self._bytes -= count


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to `address`, whatever name httpcore asks for: names are resolved by the guard and nowhere else."""

    def __init__(self, address: str, allowance: Allowance) -> None:
        self._address = address
        self._allowance = allowance
        self._plain = httpcore.SyncBackend()

    def connect_tcp(  # noqa: D102 (inherited)
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._plain.connect_tcp(self._address, port, self._allowance.seconds(), local_address, socket_options)
        return _Stream(stream, self._allowance)


class _Stream(httpcore.NetworkStream):
    """A stream whose every step gets the time that is left of the whole."""

    def __init__(self, inner: httpcore.NetworkStream, allowance: Allowance) -> None:
        self._inner = inner
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(self._allowance.bytes(max_bytes), self._allowance.seconds())
        self._allowance.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], self._allowance.seconds())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            stream = self._inner.start_tls(ssl_context, server_hostname, self._allowance.seconds())
        except httpcore.ConnectError as error:
            raise SendError("tls") from error
        return _Stream(stream, self._allowance)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
