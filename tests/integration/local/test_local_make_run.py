"""`make run` in a fresh checkout, from its first line to Ctrl-C. It runs once; each test looks at one part of it."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from config import STACK_FILE
from local import session
from local.ports import free_port
from store import keys
from store.client import connect

ROOT = Path(__file__).parents[3]
NOT_COPIED = shutil.ignore_patterns(".*", "tests", "docs", "__pycache__")
LAST_LINE = "Ctrl-C stops everything."
BACK_SECONDS = 5  # the promise
END_SECONDS = 60


@dataclass(frozen=True)
class Story:
    """What a person would have seen, and what was found in the meantime."""

    output: str
    env_file_mode: int
    data_dir_mode: int
    api_key_names: set[str]
    open_sessions: int
    curl: dict[str, Any]
    seconds_until_back: float
    exit_code: int
    processes_left: list[int]
    files_left: list[Path]
    files_elsewhere: list[Path]
    port: int
    api_key: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    checkout = tmp_path_factory.mktemp("clone") / "checkout"
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT, checkout, ignore=NOT_COPIED)
    shutil.copy(ROOT / ".env.example", checkout)
    port = free_port()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)}
    env |= {"PORT": str(port), "FLOWER_PORT": str(free_port())}
    with subprocess.Popen(
        [sys.executable, "-m", "local", "run"],
        cwd=checkout,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a process group of its own, as a terminal gives a command
    ) as launcher:
        try:
            yield _story(launcher, checkout, home, port)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(launcher.pid, signal.SIGINT)


def _story(launcher: "subprocess.Popen[str]", checkout: Path, home: Path, port: int) -> Story:
    assert launcher.stdout
    lines = []
    for line in launcher.stdout:
        lines.append(line)
        if line.strip() == LAST_LINE:
            break
    output = "".join(lines)
    assert LAST_LINE in output, output
    data_dir = checkout / ".data"
    supervisor = int((data_dir / "run" / "supervisord.pid").read_text())
    configuration = (data_dir / "run" / "supervisord.conf").read_text()
    socket = Path(re.findall("file=(.*sock)", configuration)[0])
    assert socket.exists()

    redis: Any = connect(str(dotenv_values(data_dir / STACK_FILE)["REDIS_URL"]))
    ids = [name.decode() for name in redis.hvals(keys.API_KEY_HASHES)]
    names = {(redis.hget(keys.api_key(key_id), "name") or b"").decode() for key_id in ids}
    open_sessions = redis.zcard(keys.SESSIONS)
    redis.close()

    curl = next(line for line in lines if line.startswith("curl "))
    answer = subprocess.run(["/bin/sh", "-c", curl], capture_output=True, text=True, check=False)  # noqa: S603 (the line we print)
    seconds_until_back = _seconds_until_back(supervisor)

    os.killpg(launcher.pid, signal.SIGINT)
    exit_code = launcher.wait(END_SECONDS)
    return Story(
        output=output,
        env_file_mode=stat.S_IMODE((checkout / ".env").stat().st_mode),
        data_dir_mode=stat.S_IMODE(data_dir.stat().st_mode),
        api_key_names=names,
        open_sessions=open_sessions,
        curl=json.loads(answer.stdout),
        seconds_until_back=seconds_until_back,
        exit_code=exit_code,
        processes_left=session.members(supervisor) + session.members(launcher.pid),
        files_left=[path for path in (socket.parent, data_dir / STACK_FILE) if path.exists()],
        files_elsewhere=list(home.iterdir()),
        port=port,
        api_key=str(dotenv_values(checkout / ".env")["API_KEYS"]),
    )


def _seconds_until_back(supervisor: int) -> float:
    """Kill the worker; how long until there is another."""

    def workers() -> set[int]:
        return {pid for pid in session.members(supervisor) if " messages,maintenance " in session.command(pid)}

    killed = workers()
    assert len(killed) == 1
    os.kill(killed.pop(), signal.SIGKILL)
    begun = time.monotonic()
    while not workers() and time.monotonic() < begun + END_SECONDS:
        time.sleep(0.05)
    return time.monotonic() - begun


def test_the_reply_is_shown_with_its_sources_and_its_time(story: Story) -> None:
    reply = story.output.partition("Asking: ")[2].partition("answered in")[0]

    assert "steadier on my feet?" in reply
    assert len(reply.split()) > 30
    assert re.search(r"^  \[[\w-]+\] \w", reply, flags=re.MULTILINE)
    assert re.search(r"answered in \d+\.\d\d s", story.output)


def test_the_addresses_and_the_key_are_printed(story: Story) -> None:
    for line in (f"http://127.0.0.1:{story.port}/", f"http://127.0.0.1:{story.port}/docs", story.api_key, "coach / "):
        assert line in story.output


def test_the_printed_curl_line_works(story: Story) -> None:
    assert story.curl["status"] == "completed", story.curl
    assert story.curl["output"]["text"]


def test_the_message_of_the_launcher_leaves_nothing_behind(story: Story) -> None:
    assert story.open_sessions == 0
    assert story.api_key_names <= {"API_KEYS 1", "ADMIN_API_KEY"}


def test_the_env_file_is_for_its_owner_only(story: Story) -> None:
    assert story.env_file_mode == 0o600


def test_the_data_folder_is_for_its_owner_only(story: Story) -> None:
    assert story.data_dir_mode == 0o700


def test_a_killed_worker_is_back_in_time(story: Story) -> None:
    assert story.seconds_until_back < BACK_SECONDS


def test_ctrl_c_leaves_no_process_and_no_file_that_says_where_they_were(story: Story) -> None:
    assert story.exit_code == 0
    assert story.processes_left == []
    assert story.files_left == []


def test_nothing_is_written_outside_the_checkout(story: Story) -> None:
    assert story.files_elsewhere == []
