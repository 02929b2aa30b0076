"""The operators' commands, as they are typed: `flask --app web.wsgi keys list`."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from config import STACK_FILE, Settings
from store.audit import Audit, hashed
from tests.integration.web.api import KEY, Api

ROOT = Path(__file__).parents[3]
HERE = "203.0.113.7"


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _run(api: Api, *words: str) -> Result:
    result = api.app.test_cli_runner().invoke(args=words)
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_key_is_made_listed_rotated_and_revoked(api: Api) -> None:
    made = _run(api, "keys", "create", "Study A", "--scope", "jobs", "--scope", "metrics", "--days", "30")
    plain = made.stdout.strip()
    key_id = plain.partition(".")[0]
    assert api.post("/sessions", key=plain).status_code == 201
    assert made.stderr == f"{key_id} was made. This is the key; it is not shown again:\n"

    head, *rows = _run(api, "keys", "list").stdout.splitlines()
    [row] = [row for row in rows if row.startswith(key_id)]
    assert head.split("  ")[0] == "ID"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "jobs,metrics" in row and row.endswith("Study A") and row.count(today) == 2
    assert plain not in str(rows) and KEY not in str(rows)

    fresh = _run(api, "keys", "rotate", key_id, "--overlap-hours", "0").stdout.strip()
    assert api.get("/jobs/x", key=plain).status_code == 401
    session = api.open_session(key=fresh)
    job = api.say(session, key=fresh).get_json()["id"]
    api.claim(job)
    revoked = _run(api, "keys", "revoke", key_id)
    assert revoked.stdout == f"{key_id} is revoked. Jobs cancelled: 1.\n"
    assert api.get("/jobs/x", key=fresh).status_code == 401


def test_the_old_secret_is_good_for_a_day_after_a_rotation_unless_told_otherwise(api: Api) -> None:
    plain = _run(api, "keys", "create", "Study A").stdout.strip()
    rotated = _run(api, "keys", "rotate", plain.partition(".")[0])

    assert rotated.stderr == "This is the new key; the old one is good for 24 h yet:\n"
    for key in (plain, rotated.stdout.strip()):
        assert api.post("/sessions", key=key).status_code == 201


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("keys", "revoke", "key_0000000000000000"), "There is no key key_0000000000000000."),
        (("keys", "rotate", "nonsense"), "There is no key nonsense."),
        (("keys", "create", "a", "--scope", "root"), "'root' is not one of"),
        (("keys", "create", "a", "--days", "0"), "0"),
        (("block", "example.org"), "example.org is no IP address."),
        (("block", HERE, "--hours", "-1"), "-1"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(api: Api, words: tuple[str, ...], told: str) -> None:
    result = _run(api, *words)

    assert result.exit_code != 0
    assert told in result.stderr
    assert not result.stdout


def test_an_address_is_blocked_and_let_in_again(api: Api) -> None:
    def ask() -> int:
        return api.get("/jobs/x", environ_overrides={"REMOTE_ADDR": HERE}).status_code

    assert _run(api, "block", HERE).stdout == f"{HERE} is blocked until `flask --app web.wsgi unblock {HERE}`.\n"
    assert ask() == 403
    assert _run(api, "unblock", HERE).stdout == f"{HERE} is no longer blocked.\n"
    assert ask() == 404
    assert _run(api, "unblock", HERE).stdout == f"{HERE} was not blocked.\n"


def test_an_ipv6_address_is_blocked_with_its_network_however_it_is_written(api: Api) -> None:
    for written in ("2001:db8:1:2::9", "2001:db8:1:2::/64"):
        assert _run(api, "block", written, "--hours", "2").stdout == "2001:db8:1:2::/64 is blocked for 2 h.\n"
    assert api.get("/jobs/x", environ_overrides={"REMOTE_ADDR": "2001:db8:1:2:f::1"}).status_code == 403
    assert _run(api, "unblock", "2001:db8:1:2::/64").stdout == "2001:db8:1:2::/64 is no longer blocked.\n"


def test_the_audit_trail_is_printed_as_json_lines_the_newest_last(api: Api) -> None:
    key_id = _run(api, "keys", "create", "Study A").stdout.partition(".")[0]
    _run(api, "block", HERE)
    _run(api, "keys", "revoke", key_id)
    entries = [json.loads(line) for line in _run(api, "audit", "tail", "-n", "2").stdout.splitlines()]

    assert [(one["event"], one["actor"], one["object"]) for one in entries] == [
        ("address.blocked", "cli", hashed(HERE)),
        ("key.revoked", "cli", hashed(key_id)),
    ]
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in entries)
    assert len(_run(api, "audit", "tail").stdout.splitlines()) == len(Audit(api.redis).tail(20)) == 3


def test_redis_away_is_told_in_a_sentence(settings: Settings) -> None:
    result = _run(Api(settings, redis_url="redis://127.0.0.1:9/0"), "keys", "list")

    assert result.exit_code == 1
    assert result.stderr == "Error: Redis does not answer. Is the service running? Start it, and try again.\n"


def test_it_works_from_a_shell_beside_a_running_service(api: Api, redis: Any, tmp_path: Path) -> None:
    api.open_session()
    (tmp_path / STACK_FILE).write_text(f"REDIS_URL={api.settings.redis_url}\n")
    keys = base64.b64encode(api.settings.data_encryption_keys[0]).decode()
    (tmp_path / ".env").write_text(f"DATA_DIR={tmp_path}\nDATA_ENCRYPTION_KEYS={keys}\nAPI_KEYS=some-other-list\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    command = [str(Path(sys.executable).parent / "flask"), "--app", "web.wsgi", "keys", "list"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 (our own)

    assert done.returncode == 0, done.stderr
    assert [line.split()[0][:4] for line in done.stdout.splitlines()] == ["ID", "key_", "key_"]
    assert api.get("/jobs/x").status_code == 404, "looking at the keys imports none and revokes none"
