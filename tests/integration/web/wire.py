"""A real gunicorn with our configuration, spoken to over a bare socket: byte for byte what a client may send."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from config import Settings
from local import ports
from tests.integration.ledger_kit import wait_for

ROOT = Path(__file__).parents[3]
KEY = "a-key-of-the-wire"
SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What came back first, and what came behind it."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class Wire:
    """One web process."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, *pieces: bytes, more: Iterable[bytes] = ()) -> Answer:
        """Send each piece, and `more` for as long as it is taken; then the first answer, and what else comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            for piece in pieces:
                connection.sendall(piece)
            with suppress(OSError):
                for piece in more:
                    connection.sendall(piece)
            return _read(connection)

    def half(self, piece: bytes) -> Answer | None:
        """Send that and hang up the sending side; the answer, if there is one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            return _read(connection)


def _read(connection: socket.socket) -> Answer:
    """Everything that the server says until it closes or falls silent, cut behind the first answer."""
    said = connection.recv(65_536)
    connection.settimeout(0.3)
    with suppress(OSError):
        while piece := connection.recv(65_536):
            said += piece
    top, _, rest = said.partition(b"\r\n\r\n")
    status, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    return Answer(int(status.split()[1]), headers, rest[:length], rest[length:])


def head(line: str, *headers: str, key: str = KEY) -> bytes:
    """A request up to its body."""
    lines = [f"{line} HTTP/1.1", "Host: coach.example.org", f"X-API-Key: {key}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@contextmanager
def serving(settings: Settings, folder: Path, **variables: str) -> Iterator[Wire]:
    """The web process of the product, with these variables, for as long as the block lasts."""
    port, log = ports.free_port(), folder / "web.log"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "REDIS_URL": settings.redis_url,
        "API_KEYS": KEY,
        "DATA_DIR": str(folder),
        "DATA_ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "RATE_LIMIT_SESSIONS_PER_HOUR": "1000",
        **variables,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "web" / "gunicorn.conf.py"), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (this Python and our own configuration)
            [*command, "web.wsgi:app"], cwd=folder, env=environment, stderr=output, start_new_session=True
        )
        try:
            wire = Wire(port, log)
            wait_for(lambda: _answers(wire), 30)
            yield wire
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _answers(wire: Wire) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{wire.url}/livez", timeout=SECONDS).status_code == httpx.codes.OK
    return False
