"""supervisord (http://supervisord.org) as our process supervisor: its configuration, its start and its end."""

from __future__ import annotations

import http.client
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import private_file, session
from local.errors import LocalError
from local.unix_rpc import ANSWER_SECONDS, UnixTransport

READY_SECONDS = 60
DRAIN_SECONDS = 30  # a worker finishes its turns within 25 s or hands them back; see workers/life.py
STOP_SECONDS = 2 * DRAIN_SECONDS
FIRST, THEN = 1, 2  # started in this order, stopped in the opposite one


@dataclass(frozen=True)
class Program:
    """A process to keep running. `order`: all of FIRST outlive all of THEN. After `grace` seconds it is killed."""

    name: str
    argv: Sequence[str]
    order: int
    grace: int = DRAIN_SECONDS


@dataclass(frozen=True)
class State:
    """Where a program stands, in supervisord's words: RUNNING, STARTING, BACKOFF, FATAL, STOPPED, ..."""

    name: str
    order: int
    state: str
    pid: int  # 0 = no process now


class Supervisor:
    """A supervisord of our own: nothing is installed, nothing is shared with another one on this machine."""

    def __init__(self, data_dir: Path, socket_dir: Path) -> None:
        self._run_dir, self.log_dir = data_dir / "run", data_dir / "logs"
        self._config, self._pid_file = self._run_dir / "supervisord.conf", self._run_dir / "supervisord.pid"
        self._socket = socket_dir / "supervisor.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=UnixTransport(self._socket))

    @property
    def pid(self) -> int:
        """Of supervisord, which leads the session that all its processes are in. 0 = not started."""
        return self._process.pid if self._process else 0

    def end_leftover(self) -> bool:
        """End a supervisord that outlived its launcher in the same DATA_DIR; True = there was one."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return False
        if str(self._config) not in session.command(pid):
            return False
        session.end(pid, STOP_SECONDS)
        return True

    def start(self, programs: Sequence[Program], working_dir: Path, environ: Mapping[str, str]) -> None:
        """Run supervisord with these programs, none of them started yet."""
        private_file.write(self._config, self._configuration(programs, working_dir))
        with private_file.open_log(self.log_dir / "supervisord.log") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)],
                cwd=working_dir,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                start_new_session=True,  # Ctrl-C at the terminal is for the launcher alone
            )
        give_up = time.monotonic() + ANSWER_SECONDS
        while not self._answers():
            if time.monotonic() > give_up or self._process.poll() is not None:
                raise LocalError(f"The process supervisor did not start: see {self.log_dir}/supervisord.log.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self._proxy.supervisor.getState())
        except (OSError, http.client.HTTPException):
            return False

    def run(self, program: Program) -> None:
        """Start one program, without waiting for it. From now on it is restarted whenever it ends."""
        self._proxy.supervisor.startProcess(f"{program.order}:{program.name}", False)

    def states(self) -> dict[str, State]:
        """Every program's state by name.

        Raises:
            LocalError: supervisord is gone.
        """
        try:
            # A typed view on an untyped wire: https://supervisord.org/api.html
            infos: Any = self._proxy.supervisor.getAllProcessInfo()
        except (OSError, http.client.HTTPException) as error:
            raise LocalError(
                f"The process supervisor has ended: see {self.log_dir}/supervisord.log, then start again."
            ) from error
        return {info["name"]: State(info["name"], int(info["group"]), info["statename"], info["pid"]) for info in infos}

    def wait_until(self, condition: Callable[[], bool], names: Sequence[str]) -> None:
        """Return as soon as the condition holds, which is up to the programs named.

        Raises:
            LocalError: it does not hold after `READY_SECONDS`, or one of them ends again and again; names it.
        """
        give_up = time.monotonic() + READY_SECONDS
        while not condition():
            states = self.states()
            down = [name for name in names if states[name].state != "RUNNING"]
            given_up = [name for name in names if states[name].state == "FATAL"]
            if given_up or time.monotonic() > give_up:
                blamed = (given_up or down or names)[0]
                raise LocalError(f"{blamed} did not come up; its log says why: {self.log_dir / blamed}.log")
            time.sleep(0.1)

    def retry_given_up(self) -> None:
        """Start again what supervisord gave up on after a few quick deaths: a stack shall mend itself.

        Raises:
            LocalError: supervisord is gone.
        """
        for state in self.states().values():
            if state.state == "FATAL":
                self._proxy.supervisor.startProcess(f"{state.order}:{state.name}", False)

    def stop(self) -> None:
        """End every process, those started last first; a Ctrl-C while it waits kills what is left."""
        if self._process is None:
            return
        try:
            session.end(self._process.pid, STOP_SECONDS)
        except KeyboardInterrupt:
            session.end(self._process.pid, 0)
        self._process.wait()

    def _configuration(self, programs: Sequence[Program], working_dir: Path) -> str:
        sections: dict[str, dict[str, object]] = {
            "supervisord": {
                "nodaemon": "true",
                "silent": "true",
                "pidfile": self._pid_file,
                "logfile": self.log_dir / "supervisord.log",
                "logfile_maxbytes": "1MB",
                "logfile_backups": 1,
            },
            "unix_http_server": {"file": self._socket, "chmod": "0700"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }
        for program in programs:
            group = sections.setdefault(f"group:{program.order}", {"programs": "", "priority": program.order})
            group["programs"] = f"{group['programs']},{program.name}".lstrip(",")
            sections[f"program:{program.name}"] = {
                "command": shlex.join(program.argv),
                "directory": working_dir,
                "autostart": "false",
                "autorestart": "true",
                "startsecs": 1,
                # Each quick death in a row makes the pause before the next try a second longer: 1 + 2 + 3 s.
                # Then it is FATAL, and `retry_given_up` begins anew, so no pause is ever longer.
                "startretries": 3,
                "stopasgroup": "true",
                "killasgroup": "true",
                "stopwaitsecs": program.grace,
                "redirect_stderr": "true",
                "stdout_logfile": self.log_dir / f"{program.name}.log",
                "stdout_logfile_maxbytes": "5MB",
                "stdout_logfile_backups": 2,
            }
        return "".join(
            # `%` starts an expansion in supervisord's files.
            f"[{title}]\n" + "".join(f"{key}={str(value).replace('%', '%%')}\n" for key, value in section.items())
            for title, section in sections.items()
        )
