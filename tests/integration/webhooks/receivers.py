"""Receivers on loopback, as polite or as hostile as a test wants them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Behaviour = Callable[[socket.socket, threading.Event], None]  # the event is set when the test is over


class Receiver:
    """Accepts connections on a free port, reads one request from each, and then behaves as told."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None, *, reads: bool = True) -> None:
        self.requests: list[bytes] = []
        self.server_names: list[str | None] = []
        self.connections = 0
        self._over = threading.Event()
        self._behave = behave
        self._tls = tls
        self._reads = reads
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if tls:
            tls.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Receiver:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                talk = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
                with talk:
                    if self._reads:
                        self.requests.append(_request(talk))
                    self._behave(talk, self._over)
            except OSError:  # the sender hung up
                pass


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("whoever called hung up before its request was whole")
    return data


def answers(status: int = 200, headers: str = "", body: bytes = b"") -> Behaviour:
    """A complete answer; `headers` are whole lines without line ends, separated by `|`."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *filter(None, headers.split("|"))]
    return says("\r\n".join([*lines, "", ""]).encode() + body)


def says(data: bytes) -> Behaviour:
    """Sends these bytes and hangs up."""
    return lambda connection, _over: connection.sendall(data)


def goes_on(start: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Sends `start`, and then `piece` again and again until the sender hangs up."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(pause):
            connection.sendall(piece)

    return behave


def resets(connection: socket.socket, _over: threading.Event) -> None:
    """Breaks the connection (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def stays_silent(_connection: socket.socket, over: threading.Event) -> None:
    """Neither reads nor writes."""
    over.wait()
