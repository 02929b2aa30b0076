"""Bring `.venv` to what the lock files say, then run a command in it.

    python3 local/bootstrap.py requirements.txt requirements-offline.txt -- -m local run

Standard library only, and written so that Python 3.8 can read it: an old Python is told so, not met by a SyntaxError.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"  # written last: a .venv without it is half-made
LOG = VENV / "install.log"
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_BYTES = 1_500_000_000  # .venv with the development tools, and pip's own temporary files

# What pip says when it fails, the first that matches.
_CAUSES = (
    (r"No space left on device|Errno 28\b", "The disk is full: free at least 1.5 GB and start again."),
    (
        r"DO NOT MATCH THE HASHES",
        "A downloaded package is not the one that was locked (its hash differs): "
        "try again without a package mirror or proxy that changes files.",
    ),
    (
        r"Connection(Error| broken| refused| reset)|Max retries exceeded|Could not fetch URL|ReadTimeout|ConnectTimeout"
        r"|ProxyError|SSLError|name resolution",
        "The Python package index cannot be reached: check the network (and proxy) of this machine and start again.",
    ),
    (
        r"No matching distribution found",
        "A package is not available for this machine: Linux on x86-64 or arm64, or macOS, with Python 3.11 to 3.13 is "
        "needed.",
    ),
)


def main(arguments: list[str]) -> None:
    """Lock files, then `--`, then what to run with the Python of `.venv` (nothing = only set up)."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    files, command = [ROOT / name for name in arguments[:split]], arguments[split + 1 :]
    _use_a_fitting_python()
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = "{}.{}".format(*sys.version_info)
        _fail(
            f"{sys.executable} has no venv module: install it (Debian and Ubuntu: `apt install python{version}-venv`), "
            "or name another Python with `make run PYTHON=/path/to/python3`."
        )
    # Two `make` at once: the second waits here and then finds the work done.
    with open(__file__, "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another `make` that sets up .venv ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _install(files)
        except KeyboardInterrupt:
            print("\nInterrupted. The next start installs afresh.", file=sys.stderr)
            raise SystemExit(130) from None
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            _fail(_CAUSES[0][1])
    if command:
        sys.stdout.flush()
        os.execv(PYTHON, [str(PYTHON), *command])  # noqa: S606 (the Python just set up)


def _fail(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


def _use_a_fitting_python() -> None:
    """Return when this Python fits; else go on in one of PATH that does (unless PYTHON names this one)."""
    mine = sys.version_info[:2]
    if OLDEST <= mine <= NEWEST:
        return
    if not os.environ.get("PYTHON"):
        for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
            other = shutil.which(f"python3.{minor}")
            # Asked, because a name on PATH may be a version manager's stub for a Python that is not there.
            if other and subprocess.run([other, "-c", ""], capture_output=True, check=False).returncode == 0:  # noqa: S603
                os.execv(other, [other, *sys.argv])  # noqa: S606 (a Python of PATH, as is this one)
    if mine < OLDEST:
        _fail(
            "Python 3.11, 3.12 or 3.13 is needed and {} is {}.{}: install one, or name it with "
            "`make run PYTHON=/path/to/python3.11`.".format(sys.executable, *mine)
        )
    print("Python {}.{} is newer than the tested 3.11 to 3.13; trying it.".format(*mine), flush=True)


def _install(files: list[Path]) -> None:
    base = "{}.{} {}".format(*sys.version_info[:2], platform.machine())
    wanted = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    done = _stamp()
    usable = done.get("base") == base and done.get("place") == str(VENV) and _runs()
    installed = done["files"] if usable else {}
    if all(installed.get(name) == digest for name, digest in wanted.items()):
        return
    if shutil.disk_usage(ROOT).free < NEEDED_BYTES:
        _fail(f"{ROOT} has too little free space for the Python packages: free at least 1.5 GB and start again.")
    if usable:
        STAMP.unlink()
    else:
        print("Creating .venv ...", flush=True)
        made = subprocess.run(  # noqa: S603 (this Python)
            [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            _fail(_cause(made.stdout + made.stderr, f"{sys.executable} -m venv {VENV} failed; run it to see why."))
    print("Installing the locked packages (about a minute the first time) ...", flush=True)
    _pip(files)
    unfinished = STAMP.with_name("installed.json.new")
    unfinished.write_text(json.dumps({"base": base, "place": str(VENV), "files": {**installed, **wanted}}))
    unfinished.replace(STAMP)


def _stamp() -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(STAMP.read_text())
        return content
    except (OSError, ValueError):
        return {}


def _runs() -> bool:
    """False when the Python that `.venv` was made from is gone."""
    try:
        return subprocess.run([str(PYTHON), "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _pip(files: list[Path]) -> None:
    """Install; pip's words go to the log, its current package to the terminal."""
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--retries=3"]
    # retries: also so that pip mentions a connection that fails, whatever the machine's configuration says.
    for file in files:
        command += ["--requirement", str(file)]
    with LOG.open("w") as log:
        log.write(" ".join(command) + "\n")
        with subprocess.Popen(  # noqa: S603 (pip of our own .venv)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            for line in process.stdout or ():
                log.write(line)
                step = re.match(r"(Collecting \S+|Installing collected packages)", line)
                if step and sys.stdout.isatty():
                    print(f"\r  {step.group(1)}\033[K", end="", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    if process.returncode:
        _fail(_cause(LOG.read_text(), "The packages could not be installed.") + f" pip's own words: {LOG}")


def _cause(output: str, otherwise: str) -> str:
    return next((sentence for pattern, sentence in _CAUSES if re.search(pattern, output)), otherwise)


if __name__ == "__main__":
    main(sys.argv[1:])
