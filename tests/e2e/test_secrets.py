"""The secrets of a running stack are where they must be and nowhere else, and nobody else on the machine or outside
gets near what they protect.
"""

from __future__ import annotations

import base64
import re
import stat
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flower import urls  # type: ignore[import-untyped]  # ships no types
from redis.exceptions import AuthenticationError

from local import session
from local.stack import Stack
from store.client import connect
from tests.e2e.client import Client

FLOWER_PAGES = ("/", "/workers", "/tasks", "/broker", "/api/tasks", "/api/queues/length", "/metrics")
# What Flower answers without its login: how many tasks of which name, "OK", files of its package, a page to leave by.
FLOWER_OPEN = {"/metrics", "/healthcheck", "/static/x", "/logout"}
WRONG_KEY = "a-key-that-nobody-has-been-given"
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def secrets(stack: Stack) -> dict[str, str]:
    """Everything that must not be seen, by the name of its setting."""
    settings = stack.settings
    data_keys = [base64.urlsafe_b64encode(key).decode() for key in settings.data_encryption_keys]
    found = {
        "REDIS_URL": str(urlsplit(settings.redis_url).password),
        "OPENAI_API_KEY": settings.openai_api_key,
        "ADMIN_API_KEY": settings.admin_api_key,
        "FLOWER_BASIC_AUTH": settings.flower_basic_auth.partition(":")[2],
        **{f"API_KEYS {at}": key for at, key in enumerate(settings.api_keys)},
        **{f"DATA_ENCRYPTION_KEYS {at}": key for at, key in enumerate(data_keys)},
    }
    assert len(found) == 7 and all(len(value) >= 12 for value in found.values())
    return found


def shown(secrets: dict[str, str], text: str) -> list[str]:
    """The names of the secrets that a text holds."""
    return [name for name, value in secrets.items() if value in text]


def processes(stack: Stack) -> list[int]:
    found = session.members(stack.supervisor.pid)
    assert len(found) >= 8, "supervisord, Valkey, the offline models, web, three workers and beat"
    return found


def test_no_process_shows_a_secret_in_its_arguments(stack: Stack, secrets: dict[str, str]) -> None:
    stack.wait_for_flower()
    commands = {pid: session.command(pid) for pid in processes(stack)}
    # Some overwrite their arguments once they run; what they are started with is seen for a moment all the same.
    commands[0] = (stack.settings.data_dir / "run" / "supervisord.conf").read_text()

    assert any("gunicorn" in command for command in commands.values())
    assert any("flower" in command for command in commands.values())
    assert {pid: names for pid, command in commands.items() if (names := shown(secrets, command))} == {}


def test_no_log_holds_a_secret_whatever_was_asked(client: Client, secrets: dict[str, str]) -> None:
    settings = client.stack.settings
    client.get("/sessions", key=WRONG_KEY)
    client.get(f"/sessions?api_key={WRONG_KEY}", key=None)
    client.get("/no-such-address", headers={"Authorization": f"Bearer {WRONG_KEY}"})
    client.post("/keys", key=settings.admin_api_key, json={"name": WRONG_KEY, "no such field": True})
    made = client.post("/webhook-endpoints", json={"url": f"http://localhost:9/hook?token={WRONG_KEY}"}).json()
    client.say(client.open_session(), "How can I get steadier on my feet?")
    client.offline_fault("chat", "400", times=1)
    client.say(client.open_session(), "What helps my balance?")
    client.delete(f"/webhook-endpoints/{made['id']}")

    logs = "".join(file.read_text(errors="replace") for file in client.stack.supervisor.log_dir.iterdir())

    assert "job.completed" in logs
    assert shown({**secrets, "wrong key": WRONG_KEY, "webhook secret": made["secret"]}, logs) == []


def test_no_answer_gives_back_the_key_it_refuses_or_was_asked_with(client: Client) -> None:
    answers = [
        client.get("/sessions", key=WRONG_KEY),
        client.get(f"/jobs/{WRONG_KEY}/events"),
        client.get("/no-such-address", key=WRONG_KEY),
        client.request("PUT", "/sessions", key=WRONG_KEY),
        client.post("/sessions", key=WRONG_KEY, content=b"{"),
        client.get("/healthz", key=client.stack.api_key),
    ]

    assert [answer.status_code for answer in answers] == [401, 404, 404, 405, 401, 200]
    for answer in answers:
        told = answer.text + str(answer.headers)
        assert client.stack.api_key not in told
        assert WRONG_KEY not in told


def test_flower_shows_no_secret_on_any_page(client: Client, secrets: dict[str, str]) -> None:
    client.stack.wait_for_flower()
    workers = client.until_true(lambda: client.flower_get("/workers", params={"json": "1"}).json()["data"])

    pages = {page: client.flower_get(page) for page in FLOWER_PAGES}
    # A worker's own page, with its configuration, is not there: remote control is off.
    details = {page: client.flower_get(page) for page in (f"/worker/{worker['hostname']}" for worker in workers)}

    assert {page: answer.status_code for page, answer in pages.items()} == dict.fromkeys(pages, 200)
    assert {page: answer.status_code for page, answer in details.items()} == dict.fromkeys(details, 404)
    assert str(urlsplit(client.stack.settings.redis_url).port) in pages["/broker"].text, "it names the broker"
    pages |= details
    assert {page: names for page, answer in pages.items() if (names := shown(secrets, answer.text))} == {}


@pytest.mark.parametrize("login", [None, ("coach", "wrong"), ("", "")])
def test_flower_shows_and_does_nothing_without_its_login(client: Client, login: tuple[str, str] | None) -> None:
    client.stack.wait_for_flower()
    root = f"http://127.0.0.1:{client.stack.settings.flower_port}"
    rules = [rule[0] if isinstance(rule, tuple) else rule.regex.pattern for rule in urls.handlers]
    paths = {re.sub(r"\(\.[+*]\)", "x", rule).rstrip("$?") for rule in rules if rule.startswith("/")}
    assert {"/worker/x", "/api/task/send-task/x", "/api/worker/shutdown/x"} | FLOWER_OPEN <= paths

    answers = {
        (method, path): httpx.request(method, root + path, auth=login).status_code
        for method in ("GET", "POST")
        for path in paths - FLOWER_OPEN
    }

    let_in = {asked: status for asked, status in answers.items() if status not in {401, 403, 404, 405}}
    assert let_in == {}
    assert {answers["GET", path] for path in FLOWER_PAGES if path not in FLOWER_OPEN} == {401}
    assert answers["POST", "/api/task/send-task/x"] == 401


def test_valkey_and_the_offline_models_answer_nobody_without_their_secret(stack: Stack) -> None:
    settings = stack.settings
    parts = urlsplit(settings.redis_url)
    stranger: Any = connect(f"redis://{parts.hostname}:{parts.port}/0")
    try:
        with pytest.raises(AuthenticationError):
            stranger.ping()
    finally:
        stranger.close()

    assert httpx.get(f"{settings.openai_base_url}/models").status_code == 401
    wrong = {"Authorization": f"Bearer {WRONG_KEY}"}
    assert httpx.get(f"{settings.openai_base_url}/models", headers=wrong).status_code == 401


@linux
def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    stack.wait_for_flower()
    sockets = set()
    for pid in processes(stack):
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            sockets.update(re.findall(r"socket:\[(\d+)\]", _target(descriptor)))
    listening = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if inode in sockets and state in {"0A", "07"}:  # LISTEN; for UDP: not connected
                listening.append((table, local))

    assert len(listening) >= 4, "Valkey, the offline models, web and Flower"
    assert {(table, local.partition(":")[0]) for table, local in listening} == {("tcp", "0100007F")}, listening


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # closed meanwhile
        return ""


def test_the_supervisors_socket_is_for_its_owner_only(stack: Stack) -> None:
    configuration = (stack.settings.data_dir / "run" / "supervisord.conf").read_text()
    socket = Path(re.findall(r"^file=(.*)$", configuration, flags=re.MULTILINE)[0])

    assert stat.S_ISSOCK(socket.stat().st_mode)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert "inet_http_server" not in configuration


def test_no_file_of_the_stack_can_be_read_by_others(client: Client, secrets: dict[str, str]) -> None:
    client.say(client.open_session(), "How can I get steadier on my feet?")
    data_dir = client.stack.settings.data_dir
    files = [path for path in data_dir.rglob("*") if path.is_file() and path.name != "start.log"]  # that is the test's
    holders = {path.name for path in files if shown(secrets, path.read_bytes().decode(errors="replace"))}

    assert {"stack.env", "valkey.conf", "web.log"} <= {path.name for path in files}
    assert [str(path) for path in files if path.stat().st_size and path.stat().st_mode & 0o077] == []
    assert holders == {"stack.env", "valkey.conf", "offline.key"}
