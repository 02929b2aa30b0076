"""The same run on an engine without its fence, in a copy of the project: what the checks are worth."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.programs import ROOT

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "docs", "tests", "node_modules")
# What asks for the fence, and what it becomes: whoever comes with the job's id may go on and may write.
_BROKEN = {
    "engine.lua": (
        "local function holding()\n",
        "local function holding()\n  do return redis.call('EXISTS', JOB) == 1 and 'ok' or 'lost' end\n",
    ),
    "renew.lua": (
        "if not job[1] or job[1] ~= fence or (job[2] ~= 'in_progress' and job[2] ~= 'cancelling') then",
        "if not job[1] then",
    ),
}


def run(arguments: list[str]) -> int:
    """Run `python -m bench.chaos` with these arguments on the broken copy; its exit code, 1 when it saw through it."""
    with tempfile.TemporaryDirectory(prefix="chaos-broken-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        for name, (fence, no_fence) in _BROKEN.items():
            script = copy / "store" / "lua" / name
            source = script.read_text(encoding="utf-8")
            if fence not in source:
                raise SystemExit(f"{name} has no `{fence.strip()}` to break: bring bench/chaos/broken.py up to date.")
            script.write_text(source.replace(fence, no_fence), encoding="utf-8")
        command = [sys.executable, "-m", "bench.chaos", *arguments]
        done = subprocess.run(command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, check=False)  # noqa: S603 (our own command)
        return done.returncode
