"""A command run and measured: what it answered, and what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

# Linux counts the memory that the parent had at the fork towards the child's peak, and a test run may have a gigabyte.
# So a small process stands between.
_BETWEEN = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump([child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], file)
"""


class Measured(NamedTuple):
    """`seconds` of processor time, `peak` bytes of memory."""

    answer: bytes
    code: int
    seconds: float
    peak: int


def run(command: Sequence[str], given: bytes = b"") -> Measured:
    """Run a command with `given` on its standard input."""
    with tempfile.NamedTemporaryFile() as report:
        between = [sys.executable, "-c", _BETWEEN, report.name, *command]
        done = subprocess.run(between, input=given, capture_output=True, check=True)  # noqa: S603 (a test's command)
        return Measured(done.stdout, *json.load(report))
