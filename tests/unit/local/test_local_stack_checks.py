"""What `make run` looks at before it starts anything."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from config import STACK_FILE, SettingsError
from local import stack
from local.errors import LocalError


@pytest.mark.parametrize("variable", ["PORT", "FLOWER_PORT"])
def test_a_busy_port_is_told_with_the_variable_to_change(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]

        with (
            pytest.raises(LocalError, match=f"Port {port} cannot be used .* set another {variable} in .env"),
            stack.running(tmp_path, {variable: str(port)}),
        ):
            pass

    assert not (tmp_path / STACK_FILE).exists()
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_second_stack_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(LocalError, match="already runs in"), stack.running(tmp_path, {}):
            pass


def test_a_stack_file_of_somebody_else_is_left_alone_when_a_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / STACK_FILE).write_text("REDIS_URL=redis://127.0.0.1:1/0\n")
    with (tmp_path / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(LocalError), stack.running(tmp_path, {}):
            pass

    assert (tmp_path / STACK_FILE).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with (
        pytest.raises(LocalError, match=f"cannot be written to .{os.strerror(errno.ENOTDIR)}.*another DATA_DIR"),
        stack.running(tmp_path, {"DATA_DIR": str(tmp_path / "file" / "data")}),
    ):
        pass


def test_a_disk_that_is_almost_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**8))

    with pytest.raises(LocalError, match="almost full"), stack.running(tmp_path, {}):
        pass


def test_settings_that_cannot_be_used_are_told_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORT must be a whole number"), stack.running(tmp_path, {"PORT": "web"}):
        pass


def test_a_redis_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"

        with (
            pytest.raises(LocalError, match="Nothing answers at REDIS_URL"),
            stack.running(tmp_path, {"REDIS_URL": url, "OPENAI_API_KEY": "none"}),
        ):
            pass
