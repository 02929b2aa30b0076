"""The setup of `.venv`, run as `make` runs it, with a stub in place of Python's own installers."""

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Stands in for the Python that makes .venv, and becomes the Python in it: `pip` says and does what PIP_STUB holds.
_PYTHON = """#!/bin/sh
echo "$*" >> "{calls}"
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
elif [ "$1 $2" = "-m pip" ]; then
    . "{pip}"
elif [ "$1" = "hello" ]; then
    echo hello
fi
"""
_RUN = "import runpy, sys\n{setup}\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"


@dataclass
class Checkout:
    """A folder with what the setup needs of the project."""

    folder: Path
    setup: str = ""  # changes to the interpreter that `make` would use

    def pip(self, script: str) -> None:
        (self.folder / "pip").write_text(script)

    def make(self, *command: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        setup = f"sys.executable = {str(self.folder / 'python')!r}\n{self.setup}"
        script = [str(self.folder / "local" / "bootstrap.py"), "requirements.txt", "--", *command]
        return subprocess.run(  # noqa: S603 (our own script)
            [sys.executable, "-c", _RUN.format(setup=setup), *script],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(self.folder)} if env is None else env,
        )

    def calls(self) -> list[str]:
        """What the stub was called for since the last time, `venv` or `pip`."""
        path = self.folder / "calls"
        words = [line.split()[1] for line in path.read_text().splitlines() if line.startswith("-m")]
        path.unlink()
        return words


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "local").mkdir()
    shutil.copy(ROOT / "local" / "bootstrap.py", tmp_path / "local")
    (tmp_path / "requirements.txt").write_text("celery==5.7.0\n")
    stub = tmp_path / "python"
    # /bin is for the stub's own tools; the setup itself gets an empty PATH.
    stub.write_text(_PYTHON.format(calls=tmp_path / "calls", pip=tmp_path / "pip").replace("\n", "\nPATH=/bin\n", 1))
    stub.chmod(0o755)
    made = Checkout(tmp_path)
    made.pip("exit 0")
    return made


def _sentence(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line that says why it did not work."""
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_the_command_runs_in_the_new_venv_and_a_second_time_installs_nothing(checkout: Checkout) -> None:
    first = checkout.make("hello")
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "hello")
    assert checkout.calls() == ["venv", "pip"]

    second = checkout.make("hello")
    assert (second.returncode, second.stdout) == (0, "hello\n")
    assert checkout.calls() == []


def test_pip_takes_only_locked_wheels(checkout: Checkout) -> None:
    checkout.make("hello")

    pip = next(line for line in (checkout.folder / "calls").read_text().splitlines() if line.startswith("-m pip"))

    assert "--require-hashes" in pip
    assert "--only-binary=:all:" in pip


def test_a_changed_lock_file_is_installed_into_the_venv_that_is_there(checkout: Checkout) -> None:
    checkout.make("hello")
    checkout.calls()
    (checkout.folder / "requirements.txt").write_text("celery==5.7.1\n")

    assert checkout.make("hello").returncode == 0

    assert checkout.calls() == ["pip"]


def test_an_installation_that_failed_is_started_afresh(checkout: Checkout) -> None:
    checkout.pip("exit 1")
    assert "could not be installed" in _sentence(checkout.make("hello"))
    checkout.calls()
    checkout.pip("exit 0")

    assert checkout.make("hello").returncode == 0

    assert checkout.calls() == ["venv", "pip"]


def test_an_upgrade_that_was_killed_is_not_taken_for_finished(checkout: Checkout) -> None:
    checkout.make("hello")
    checkout.calls()
    (checkout.folder / "requirements.txt").write_text("celery==5.7.1\n")
    checkout.pip("kill -9 $PPID")
    assert checkout.make("hello").returncode == -9
    checkout.calls()
    checkout.pip("exit 0")
    (checkout.folder / "requirements.txt").write_text("celery==5.7.0\n")

    assert checkout.make("hello").returncode == 0

    assert checkout.calls() == ["venv", "pip"]


def test_a_checkout_that_was_moved_gets_a_venv_of_its_own(checkout: Checkout) -> None:
    checkout.make("hello")
    checkout.calls()
    stamp = checkout.folder / ".venv" / "installed.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "place": "/somewhere/else/.venv"}))

    checkout.make("hello")

    assert checkout.calls() == ["venv", "pip"]


@pytest.mark.parametrize(
    ("pip_says", "sentence"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        (
            "WARNING: Retrying (Retry(total=2)) after connection broken by NewConnectionError(...)\n"
            "ERROR: No matching distribution found for amqp==5.4.2",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for av==18.1.0", "not available for this machine"),
    ],
)
def test_what_keeps_pip_from_working_is_told_in_one_sentence(checkout: Checkout, pip_says: str, sentence: str) -> None:
    checkout.pip(f"echo '{pip_says}'; exit 1")

    told = _sentence(checkout.make("hello"))

    assert sentence in told
    log = Path(told.strip().rpartition(": ")[2])
    assert pip_says in log.read_text()


def test_an_old_python_is_told_in_one_sentence(checkout: Checkout) -> None:
    checkout.setup = "sys.version_info = (3, 10, 13, 'final', 0)"

    assert "Python 3.11, 3.12 or 3.13 is needed" in _sentence(checkout.make("hello"))


def test_an_old_python_gives_way_to_a_newer_one_of_the_path(checkout: Checkout) -> None:
    checkout.setup = "sys.version_info = (3, 10, 13, 'final', 0)"
    for name, script in (("python3.13", "exit 127"), ("python3.12", '[ "$1" = -c ] || echo "went on with $*"')):
        (checkout.folder / name).write_text(f"#!/bin/sh\n{script}\n")  # the first is a stub without a Python behind it
        (checkout.folder / name).chmod(0o755)

    done = checkout.make("hello")

    assert "requirements.txt -- hello" in done.stdout
    asked_for_this_one = {"PATH": str(checkout.folder), "PYTHON": "python3.10"}
    assert "is needed" in _sentence(checkout.make("hello", env=asked_for_this_one))


def test_a_python_without_the_venv_module_is_told_in_one_sentence(checkout: Checkout) -> None:
    checkout.setup = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'ensurepip' else found(name, package)"
    )

    assert "has no venv module" in _sentence(checkout.make("hello"))


def test_a_disk_that_is_almost_full_is_told_before_anything_is_written(checkout: Checkout) -> None:
    checkout.setup = (
        "import collections, shutil\n"
        "shutil.disk_usage = lambda path: collections.namedtuple('usage', 'total used free')(2, 1, 10**9)"
    )

    assert "free at least 1.5 GB" in _sentence(checkout.make("hello"))
    assert not (checkout.folder / ".venv").exists()


def test_the_script_can_be_read_by_python_3_8() -> None:
    ast.parse((ROOT / "local" / "bootstrap.py").read_text(), feature_version=(3, 8))
