"""A real supervisord with small programs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import session
from local.errors import LocalError
from local.supervisor import FIRST, THEN, Program, Supervisor

BACK_SECONDS = 5  # the promise
_NAPPER = "import subprocess, sys, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
NAPPER = Program("napper", [sys.executable, "-c", _NAPPER], THEN)
BROKEN = Program("broken", [sys.executable, "-c", "print('100 % broken'); raise SystemExit(78)"], FIRST)


@contextmanager
def _supervisor(tmp_path: Path, *programs: Program) -> Iterator[Supervisor]:
    for name in ("run", "logs", "sock"):
        (tmp_path / name).mkdir(exist_ok=True)
    # pytest's folders can be longer than a Unix socket's path may be.
    os.chdir(tmp_path)
    made = Supervisor(tmp_path, Path("sock"))
    try:
        made.start(programs, tmp_path, os.environ)
        for program in programs:
            made.run(program)
        yield made
    finally:
        made.stop()


@pytest.fixture(autouse=True)
def _stay_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def _wait(condition: Callable[[], object], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def _is(made: Supervisor, name: str, state: str) -> Callable[[], bool]:
    return lambda: made.states()[name].state == state


def test_a_killed_process_is_back_in_time(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER) as made:
        _wait(_is(made, "napper", "RUNNING"))
        killed = made.states()["napper"].pid

        os.kill(killed, signal.SIGKILL)

        _wait(lambda: made.states()["napper"].pid not in (0, killed), BACK_SECONDS)


def test_a_process_killed_while_it_starts_is_back_in_time_every_time(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER) as made:
        for _ in range(2):
            _wait(lambda: made.states()["napper"].pid)
            killed = made.states()["napper"].pid
            os.kill(killed, signal.SIGKILL)
            _wait(lambda killed=killed: made.states()["napper"].pid not in (0, killed), BACK_SECONDS)  # type: ignore[misc]  # mypy cannot see through the default


def test_a_process_that_keeps_dying_is_named_and_yet_never_given_up(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER, BROKEN) as made:
        with pytest.raises(LocalError, match=r"^broken did not come up; its log says why: .*/logs/broken\.log$"):
            made.wait_until(lambda: False, ["napper", "broken"])

        made.retry_given_up()

        assert made.states()["broken"].state in ("STARTING", "BACKOFF")
        log = tmp_path / "logs" / "broken.log"
        _wait(lambda: log.read_text().count("100 % broken") >= 5)


def test_stopping_leaves_no_process_and_touches_no_other(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as bystander:
        try:
            with _supervisor(tmp_path, NAPPER) as made:
                leader = made.pid
                _wait(lambda: len(session.members(leader)) == 3)  # supervisord, the napper and its child
            assert session.members(leader) == []
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_stopping_takes_along_what_ignores_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.supervisor.STOP_SECONDS", 0.5)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    with _supervisor(tmp_path, Program("deaf", [sys.executable, "-c", deaf], THEN)) as made:
        leader = made.pid
        _wait((tmp_path / "logs" / "deaf.log").read_text)

    assert session.members(leader) == []


def test_what_started_first_stops_last(tmp_path: Path) -> None:
    note = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('end', time.time())));"
    argv = [sys.executable, "-c", note + "print('up', flush=True); time.sleep(600)"]
    logs = [tmp_path / "logs" / f"{name}.log" for name in ("store", "worker")]
    with _supervisor(tmp_path, Program("store", argv, FIRST), Program("worker", argv, THEN)):
        _wait(lambda: all(log.exists() and "up" in log.read_text() for log in logs))

    store, worker = (float(log.read_text().split()[-1]) for log in logs)
    assert worker < store


def test_the_death_of_the_supervisor_is_noticed_and_its_processes_are_ended(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER) as made:
        leader = made.pid
        _wait(lambda: len(session.members(leader)) == 3)

        os.kill(leader, signal.SIGKILL)

        with pytest.raises(LocalError, match="process supervisor has ended"):
            _wait(made.retry_given_up)
    assert session.members(leader) == []


def test_what_outlived_its_launcher_is_ended_by_the_next_start(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER) as left_behind:
        _wait(lambda: len(session.members(left_behind.pid)) == 3)

        assert Supervisor(tmp_path, tmp_path).end_leftover()

        assert session.members(left_behind.pid) == []
        assert not Supervisor(tmp_path, tmp_path).end_leftover()


def test_a_stranger_with_the_pid_of_an_old_supervisor_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "supervisord.pid").write_text(str(os.getpid()))

    assert not Supervisor(tmp_path, tmp_path).end_leftover()


def test_logs_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    with _supervisor(tmp_path, NAPPER) as made:
        _wait(_is(made, "napper", "RUNNING"))

    assert {oct(path.stat().st_mode & 0o077) for path in (tmp_path / "logs").iterdir()} == {"0o0"}


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="no ps here")
def test_where_there_is_no_proc_ps_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _supervisor(tmp_path, NAPPER) as made:
        _wait(lambda: len(session.members(made.pid)) == 3)
        members, command = session.members(made.pid), session.command(made.pid)

        monkeypatch.setattr(session, "_PROC", tmp_path / "no-proc")

        assert sorted(session.members(made.pid)) == sorted(members)
        assert session.command(made.pid) == command.strip()
