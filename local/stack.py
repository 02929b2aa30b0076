"""The whole service on one machine: what is started in which order, and how it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from config import STACK_FILE, Settings
from local import env_file, ports, programs, valkey
from local.client import Client
from local.errors import LocalError
from local.supervisor import Supervisor
from store import keys
from store.client import connect

NEEDED_BYTES = 200_000_000  # the log files at their largest, and room for Valkey to rewrite its append-only file


@dataclass(frozen=True)
class Stack:
    """A service that is ready."""

    settings: Settings
    supervisor: Supervisor

    @property
    def base_url(self) -> str:
        """Of the web process, without a slash at the end."""
        return f"http://{ports.LOOPBACK}:{self.settings.port}"

    @property
    def api_key(self) -> str:
        """The first of `API_KEYS`."""
        return self.settings.api_keys[0]

    def pid_of(self, name: str) -> int:
        """The process that the supervisor started under this name; 0 while it is down."""
        return self.supervisor.states()[name].pid

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return (self.supervisor.log_dir / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_for_flower(self) -> None:
        """Flower is started when all else is ready; return when its page can be opened."""
        self.supervisor.wait_until(lambda: ports.is_listening(self.settings.flower_port), ["flower"])


@dataclass(frozen=True)
class _Place:
    """Where the processes work, what they find there, and where we tell what we do."""

    folder: Path
    environ: Mapping[str, str]
    out: TextIO


@contextmanager
def running(data_dir: Path, env: Mapping[str, str], *, faults: bool = False) -> Iterator[Stack]:
    """The service for a test: free ports, new keys, files in `data_dir`, and no variable of the developer's own.

    `env` has the last word. With `faults` the offline models can be asked for errors. What `make run` would print goes
    to `data_dir`/start.log.
    """
    ours = {f"{field.name.upper()}{suffix}" for field in fields(Settings) for suffix in ("", "_FILE")}
    environ = {name: value for name, value in os.environ.items() if name not in ours}
    environ |= env_file.generated()
    environ |= {"PORT": str(ports.free_port()), "FLOWER_PORT": str(ports.free_port()), "DATA_DIR": str(data_dir)}
    data_dir.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="coach-") as folder,  # has no .env
        (data_dir / "start.log").open("w", encoding="utf-8") as out,
        started(Path(folder), {**environ, **env}, out, faults=faults) as stack,
    ):
        yield stack


@contextmanager
def started(folder: Path, environ: Mapping[str, str], out: TextIO, *, faults: bool = False) -> Iterator[Stack]:
    """Run everything for as long as the block lasts; all processes work in `folder` and read its `.env`.

    Raises:
        LocalError: it did not become ready; whatever had been started is stopped.
        SettingsError: the settings cannot be used.
    """
    settings = Settings.from_env(environ, folder / ".env")
    env_file.check(settings)
    data_dir = (folder / settings.data_dir).resolve()
    environ = {**environ, "DATA_DIR": str(data_dir), "PYTHONPATH": str(programs.ROOT)}
    # /tmp: the path of a socket may have about a hundred characters, and temporary folders can be deep.
    with _only_one(data_dir), tempfile.TemporaryDirectory(prefix="coach-", dir="/tmp") as socket_dir:
        supervisor = Supervisor(data_dir, Path(socket_dir))
        if supervisor.end_leftover():
            print("Stopped what an earlier start had left running.", file=out, flush=True)
        stack_file = data_dir / STACK_FILE
        stack_file.unlink(missing_ok=True)
        _check_ports(settings)
        try:
            parts = programs.embedded(Settings.from_env(environ, folder / ".env"), data_dir, faults=faults)
            parts.publish(data_dir)
            settings = Settings.from_env(environ, folder / ".env")
            _start(settings, parts, supervisor, _Place(folder, environ, out))
            yield Stack(settings, supervisor)
        finally:
            supervisor.stop()
            stack_file.unlink(missing_ok=True)


def _start(settings: Settings, parts: programs.Embedded, supervisor: Supervisor, place: _Place) -> None:
    """Each process as soon as what it needs is there; returns when `/readyz` says yes."""
    print(f"Starting; what each process says goes to {supervisor.log_dir} ...", file=place.out, flush=True)
    procfile = programs.of_procfile()
    supervisor.start([*parts.programs, *procfile.values()], place.folder, place.environ)
    for program in parts.programs:
        supervisor.run(program)
    if "REDIS_URL" in parts.where:
        supervisor.wait_until(lambda: valkey.answers(settings.redis_url), ["valkey"])
    elif not valkey.answers(settings.redis_url):
        raise LocalError("Nothing answers at REDIS_URL: start that Redis, or leave REDIS_URL empty to have one here.")
    _forget_canaries(settings)
    supervisor.run(procfile.pop("web"))
    supervisor.run(procfile.pop("beat"))
    if parts.offline_port:
        supervisor.wait_until(lambda: ports.is_listening(parts.offline_port), ["offline"])
    _ingest(place)
    flower = procfile.pop("flower")
    for program in procfile.values():
        supervisor.run(program)
    supervisor.wait_until(Client(settings.port).is_ready, ["web", "beat", *procfile])
    supervisor.run(flower)  # last: its start costs a second of CPU that the others need more


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR. The lock is the kernel's and ends with this process, however it ends."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("run", "logs"):
            (data_dir / name).mkdir(mode=0o700, exist_ok=True)
        lock = (data_dir / "run" / "lock").open("w")
    except OSError as error:
        raise LocalError(f"{data_dir} cannot be written to ({error.strerror}): choose another DATA_DIR.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(
                f"The service already runs in {data_dir}: stop it with Ctrl-C where it was started, "
                "or choose another DATA_DIR (and PORT and FLOWER_PORT)."
            ) from None
        if shutil.disk_usage(data_dir).free < NEEDED_BYTES:
            raise LocalError(f"The disk of {data_dir} is almost full: free 200 MB, or choose another DATA_DIR.")
        yield


def _check_ports(settings: Settings) -> None:
    for name, port in (("PORT", settings.port), ("FLOWER_PORT", settings.flower_port)):
        if obstacle := ports.obstacle(port):
            raise LocalError(
                f"Port {port} cannot be used ({obstacle}): stop what listens there, or set another {name} in .env."
            )


def _forget_canaries(settings: Settings) -> None:
    """Proof of life from an earlier start proves nothing about this one."""
    redis = connect(settings.redis_url)
    redis.delete(*(keys.canary(queue) for queue in keys.QUEUES))
    redis.close()


def _ingest(place: _Place) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag", "ingest"],
        cwd=place.folder,
        env=dict(place.environ),
        stdout=place.out,
        stderr=place.out,
        umask=0o077,
        check=False,
    )
    if done.returncode:
        raise LocalError("The knowledge folder could not be read into the index: mend what is named above.")
