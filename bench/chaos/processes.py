"""The processes of the stack as something to aim at: who they are, who holds which job, freeze and thaw."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

from bench.chaos import spare
from bench.chaos.spare import Spare
from local.stack import Stack

MESSAGE_WORKERS = ("worker", spare.NAME)
WORKERS = (*MESSAGE_WORKERS, "voice")


class Holders:
    """Which worker took up each job last, read from the workers' own logs."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._offsets = dict.fromkeys(WORKERS, 0)
        self.of: dict[str, str] = {}
        self.waited: set[str] = set()  # jobs that were given back because the model was away

    def read(self) -> None:
        """Take in what was written since the last time."""
        for name in WORKERS:
            path = self._log_dir / f"{name}.log"
            if not path.exists():
                continue
            if path.stat().st_size < self._offsets[name]:  # a new file: the old one was full
                self._offsets[name] = 0
            with path.open("rb") as log:
                log.seek(self._offsets[name])
                for line in log:
                    if not line.endswith(b"\n"):
                        break
                    self._offsets[name] += len(line)
                    self._take(name, line)

    def _take(self, name: str, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # a traceback of an interpreter that ends
            return
        if entry.get("event") == "job.started":
            self.of[entry["job_id"]] = name
        elif entry.get("event") == "job.waits_for_model":
            self.waited.add(entry["job_id"])


class Processes:
    """Signals to the processes of one stack."""

    def __init__(self, stack: Stack, second: Spare) -> None:
        self._stack, self._spare = stack, second
        self._workers: dict[str, int] = {}

    def pid(self, name: str) -> int:
        """The process under this name now; 0 while there is none."""
        return self._spare.pid if name == spare.NAME else self._stack.pid_of(name)

    def refresh(self) -> None:
        """Look up the workers anew, and have the supervisor try again what it gave up on."""
        self._stack.supervisor.retry_given_up()
        self._workers = {name: pid for name in WORKERS if (pid := self.pid(name))}

    def freeze(self) -> None:
        """Stop all workers where they are."""
        self._signal_workers(signal.SIGSTOP)

    def thaw(self, *, but: str = "") -> None:
        """Let them go on, all but one."""
        self._signal_workers(signal.SIGCONT, but)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process of this name."""
        send(self._workers.get(name) or self.pid(name), number)

    def kill_with_children(self, name: str) -> None:
        """SIGKILL to a process and those it started, at once."""
        pid = self.pid(name)
        for process in [pid, *children(pid)]:
            send(process, signal.SIGKILL)

    def _signal_workers(self, number: signal.Signals, but: str = "") -> None:
        for name, pid in self._workers.items():
            if name != but:
                send(pid, number)


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may have ended meanwhile."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def children(pid: int) -> list[int]:
    """The processes that this one started (Linux)."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
