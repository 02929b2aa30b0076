import stat
from pathlib import Path

import pytest

from config import Settings
from local import env_file
from local.errors import LocalError

EXAMPLE = Path(__file__).parents[3] / ".env.example"


def _settings(path: Path) -> Settings:
    return Settings.from_env({"DATA_DIR": str(path.parent)}, path)


def test_a_new_env_file_holds_working_secrets_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    assert env_file.ensure(path, EXAMPLE)

    settings = _settings(path)
    env_file.check(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(settings.api_keys) == 1 and len(settings.api_keys[0]) >= 32
    assert len(settings.admin_api_key) >= 32 and settings.admin_api_key != settings.api_keys[0]
    assert [len(key) for key in settings.data_encryption_keys] == [32]
    assert settings.flower_basic_auth.startswith("coach:")
    assert [item.name for item in tmp_path.iterdir()] == [".env"]


def test_a_new_env_file_changes_nothing_but_the_secrets(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    env_file.ensure(path, EXAMPLE)

    pairs = zip(EXAMPLE.read_text().splitlines(), path.read_text().splitlines(), strict=True)

    assert [old for old, new in pairs if old != new] == [
        "API_KEYS=",
        "ADMIN_API_KEY=",
        "DATA_ENCRYPTION_KEYS=",
        "FLOWER_BASIC_AUTH=",
    ]


def test_two_env_files_share_no_secret(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        env_file.ensure(path, EXAMPLE)

    lines = [{line for line in path.read_text().splitlines() if "=" in line} for path in (first, second)]

    assert not {line for line in lines[0] & lines[1] if line.startswith(("API_", "ADMIN", "DATA_ENC", "FLOWER_B"))}


def test_an_env_file_that_exists_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("API_KEYS=mine\n")

    assert not env_file.ensure(path, EXAMPLE)

    assert path.read_text() == "API_KEYS=mine\n"


def test_an_env_file_without_secrets_is_told_which_lines_to_add(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("API_KEYS=mine\nADMIN_API_KEY=mine-too\n")

    with pytest.raises(LocalError, match="DATA_ENCRYPTION_KEYS, FLOWER_BASIC_AUTH must be set") as caught:
        env_file.check(_settings(path))

    with path.open("a") as file:
        file.write("\n".join(str(caught.value).splitlines()[1:]))
    env_file.check(_settings(path))


def test_a_flower_login_without_a_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    env_file.ensure(path, EXAMPLE)

    settings = Settings.from_env({"FLOWER_BASIC_AUTH": "coach"}, path)

    with pytest.raises(LocalError, match="user:password"):
        env_file.check(settings)
