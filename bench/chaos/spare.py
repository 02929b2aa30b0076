"""A second message worker, as on a second machine: while the first one is stopped, it takes up its jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from config import Settings
from local import private_file
from local.programs import ROOT

NAME = "spare"
_COMMAND = "celery -A workers.main worker -Q messages,maintenance -n spare@%h --without-gossip --without-mingle"


class Spare:
    """Started again whenever it ends, until it is closed."""

    def __init__(self, settings: Settings, env: Mapping[str, str], log: Path) -> None:
        places = {"DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT)}
        self._environ = {**os.environ, **env, **places}
        self._log, self._folder = log, settings.data_dir
        self._closing = threading.Event()
        self._process = self._launch()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the worker that runs now."""
        return self._process.pid

    def close(self) -> None:
        """End it in order."""
        self._closing.set()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._process.wait()
            if not self._closing.wait(1):
                self._process = self._launch()

    def _launch(self) -> subprocess.Popen[bytes]:
        with private_file.open_log(self._log) as log:
            return subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-m", *_COMMAND.split()],
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
