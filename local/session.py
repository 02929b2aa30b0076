"""The processes of one session: a supervisor, everything it started, also what it left behind when it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

LEFT_BEHIND_SECONDS = 2
_POLL_SECONDS = 0.05
_PROC = Path("/proc")


def members(session: int) -> list[int]:
    """The pids of a session, without those that have ended and only wait to be noticed."""
    found = []
    for pid, state in _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps():
        with suppress(OSError):  # it has ended meanwhile
            if state != "Z" and os.getsid(pid) == session:
                found.append(pid)
    return found


def command(pid: int) -> str:
    """The command line of a process, "" when there is none."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return _ps("-ww", "-o", "command=", "-p", str(pid)).strip()


def end(leader: int, grace_seconds: float) -> None:
    """SIGTERM to the leader, which ends the others in order; then to what it left behind; at last SIGKILL.

    `grace_seconds` is the time the leader gets. Returns when the session is empty.
    """
    if leader in members(leader):
        _signal([leader], signal.SIGTERM)
        _wait(lambda: leader not in members(leader), grace_seconds)
    _signal(members(leader), signal.SIGTERM)
    _wait(lambda: not members(leader), min(grace_seconds, LEFT_BEHIND_SECONDS))
    while left := members(leader):
        _signal(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _wait(condition: Callable[[], bool], limit_seconds: float) -> None:
    give_up = time.monotonic() + limit_seconds
    while not condition() and time.monotonic() < give_up:
        time.sleep(_POLL_SECONDS)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _from_proc() -> Iterator[tuple[int, str]]:
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            yield int(folder.name), (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]


def _from_ps() -> Iterator[tuple[int, str]]:
    for line in _ps("-A", "-o", "pid=,stat=").splitlines():
        pid, state = line.split()
        yield int(pid), state[0]


def _ps(*arguments: str) -> str:
    """What `ps` says, where there is no /proc (macOS)."""
    if not Path("/bin/ps").exists():
        return ""
    return subprocess.run(["/bin/ps", *arguments], capture_output=True, text=True, check=False).stdout  # noqa: S603 (fixed words)
