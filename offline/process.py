"""The embedded server as a child process, for entry points and tests that need its models for a while."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import Settings

START_SECONDS = 60.0
STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02
_ROOT = Path(__file__).parent.parent


class OfflineServerError(RuntimeError):
    """The server did not start; the message says where its log is."""


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Yield the base URL of the model API: the configured one, or that of a server that runs inside the block.

    Raises:
        OfflineServerError: when the server ends or is not ready within 60 seconds.
    """
    if settings.openai_base_url:
        yield settings.openai_base_url
        return
    with started() as base_url:
        yield base_url


@contextmanager
def started(*arguments: str) -> Iterator[str]:
    """Run `python -m offline` with further `arguments` on a free port, and yield its base URL once it answers.

    Raises:
        OfflineServerError: as above.
    """
    with tempfile.TemporaryDirectory(prefix="offline-") as folder:
        port_file = Path(folder) / "port"
        with tempfile.NamedTemporaryFile(prefix="offline-", suffix=".log", delete=False) as log:
            command = [sys.executable, "-m", "offline", "--port", "0", "--port-file", str(port_file), *arguments]
            server = subprocess.Popen(command, cwd=_ROOT, stdout=log, stderr=log)  # noqa: S603 (our own command)
        try:
            _wait(server, port_file, log.name)
            yield f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}/v1"
        finally:
            _stop(server)
    Path(log.name).unlink()


def _wait(server: subprocess.Popen[bytes], port_file: Path, log: str) -> None:
    """Return when the server has written its port, which it does once its models are loaded."""
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if server.poll() is not None:
            raise OfflineServerError(f"The offline model server ended while it started; its log is in {log}.")
        if time.monotonic() > deadline:
            raise OfflineServerError(f"The offline model server is not ready after {START_SECONDS:g} s; see {log}.")
        time.sleep(_POLL_SECONDS)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
