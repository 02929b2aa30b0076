"""The rotation drill of docs/privacy.md: every secret is replaced while people use the service."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from dotenv import dotenv_values

from config import Settings
from local import env_file, ports
from local.programs import ROOT
from local.stack import Stack, started
from store.client import connect
from store.crypto import SealError, Vault
from tests.e2e import receivers
from tests.e2e.client import Client
from tests.support import keyed_model
from tests.support.keyed_model import REPLY, KeyedModel

WEB, WORKERS = ("web",), ("worker", "voice", "deliveries")


@dataclass
class House:
    """A running service, and the operator who edits its `.env` and restarts what reads it."""

    stack: Stack
    folder: Path
    environ: dict[str, str]
    model: KeyedModel

    def setting(self, name: str) -> str:
        return dotenv_values(self.folder / ".env")[name] or ""

    def set(self, name: str, value: str) -> None:
        file = self.folder / ".env"
        lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{name}=")]
        file.write_text("\n".join([*lines, f"{name}={value}", ""]))

    def restart(self, *names: str, wait: bool = True) -> None:
        before = {name: self.stack.pid_of(name) for name in names}
        for pid in before.values():
            os.kill(pid, signal.SIGTERM)
        if wait:
            self.wait_for_restart(before)

    def wait_for_restart(self, before: dict[str, int]) -> None:
        client = Client(self.stack)
        client.until_true(lambda: all(self.stack.pid_of(name) not in (0, pid) for name, pid in before.items()), 40)
        client.until_true(lambda: ports.is_listening(self.stack.settings.port))

    def run(self, *command: str) -> str:
        environ = {**os.environ, **self.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", *command], cwd=self.folder, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout

    def client(self) -> Client:
        return Client(self.stack)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    ours = {f"{name.upper()}{suffix}" for name in Settings.__dataclass_fields__ for suffix in ("", "_FILE")}
    environ = {name: value for name, value in os.environ.items() if name not in ours}
    environ |= {"DATA_DIR": str(folder / "data"), "SSL_CERT_FILE": str(folder / "authority.pem")}
    with keyed_model.running() as model:
        model.keys = {"sk-old"}
        values = env_file.generated() | {
            "OPENAI_API_KEY": "sk-old",
            "OPENAI_BASE_URL": model.url,
            "API_KEYS": "key-of-the-first-client",
            "PORT": str(ports.free_port()),
            "FLOWER_PORT": str(ports.free_port()),
            "WEBHOOK_ALLOW_HTTP_HOSTS": "localhost",
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        with (folder / "start.log").open("w") as out, started(folder, environ, out) as stack:
            yield House(stack, folder, environ, model)


def test_the_model_key_is_replaced_without_losing_a_job(house: House) -> None:
    client, session, other = house.client(), house.client().open_session(), house.client().open_session()
    house.model.free.clear()
    running = client.post(f"/sessions/{session}/messages", json={"text": "Is walking enough?"}).json()["id"]
    client.until(running, lambda job: job["stage"] == "generating")
    house.model.keys.add("sk-new")
    house.set("OPENAI_API_KEY", "sk-new")
    before = {name: house.stack.pid_of(name) for name in WORKERS}
    house.restart(*WORKERS, wait=False)
    waiting = client.post(f"/sessions/{other}/messages", json={"text": "Is walking enough?"}).json()["id"]
    house.model.free.set()
    first = client.finished(running)
    house.wait_for_restart(before)
    house.model.keys.remove("sk-old")
    second = client.finished(waiting)  # by whichever worker took it: the one that was just told to end may have
    third = client.say(other, "Is walking enough?")

    assert [job["status"] for job in (first, second, third)] == ["completed"] * 3
    assert all(REPLY in job["output"]["text"] for job in (first, second, third))
    assert house.model.chats[-1] == "sk-new"
    assert house.model.chats[0] == "sk-old"


def test_a_webhook_secret_is_replaced_with_both_signing_for_a_while(house: House, authority: trustme.CA) -> None:
    client = house.client()
    old = client.get("/webhook-endpoints/signing-secret").json()["secret"]

    answer = client.post("/webhook-endpoints/signing-secret/rotate-secret")
    assert answer.status_code == 200, answer.text
    new = answer.json()["secret"]
    with receivers.https(authority) as receiver:
        client.say(client.open_session(), "Is walking enough?", webhook={"url": receivers.url(receiver)})
        client.until_true(lambda: receiver.requests)

    assert new != old
    for secret in (old, new):
        assert receivers.verified(receiver.requests[0], secret)["type"] == "job.completed"
    with pytest.raises(Exception, match="signature"):
        receivers.verified(receiver.requests[0], f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")


def test_the_data_key_is_replaced_and_the_old_one_leaves(house: House) -> None:
    client, session = house.client(), house.client().open_session()
    said = "My daughter walks with me."
    client.say(session, said)
    signing = client.get("/webhook-endpoints/signing-secret").json()
    old = house.setting("DATA_ENCRYPTION_KEYS")
    new = base64.b64encode(secrets.token_bytes(32)).decode()

    house.set("DATA_ENCRYPTION_KEYS", f"{new},{old}")
    house.restart(*WEB, *WORKERS)
    fresh = client.open_session()
    readable = client.history(session)[0]["text"]
    wrapped = {one: _wrapped(house, one) for one in (session, fresh)}
    told = house.run("workers", "rewrap")
    house.set("DATA_ENCRYPTION_KEYS", new)
    house.restart(*WEB, *WORKERS)

    assert readable == said
    assert _opens(old, session, wrapped[session]) and _opens(new, fresh, wrapped[fresh])
    assert "values were put under the first key" in told
    assert client.history(session)[0]["text"] == said
    assert client.get("/webhook-endpoints/signing-secret").json() == signing
    assert client.say(session, "And my son.")["status"] == "completed"
    assert not _opens(old, session, _wrapped(house, session))


def test_an_api_key_is_replaced_with_both_valid_for_a_while(house: House) -> None:
    client, session = house.client(), house.client().open_session()
    new = secrets.token_urlsafe(32)

    house.set("API_KEYS", f"key-of-the-first-client,{new}")
    house.restart(*WEB)
    both = [client.post("/sessions", key=key).status_code for key in ("key-of-the-first-client", new)]
    assert client.get(f"/sessions/{session}").status_code == 200
    house.set("API_KEYS", new)
    house.restart(*WEB)
    after = [client.post("/sessions", key=key).status_code for key in ("key-of-the-first-client", new)]

    assert both == [201, 201]
    assert after == [401, 201]


def _wrapped(house: House, session: str) -> bytes:
    redis: Any = connect(house.stack.settings.redis_url)
    try:
        found: bytes = redis.hget(f"rr:session:{session}", "data_key")
        return found
    finally:
        redis.close()


def _opens(key: str, session: str, wrapped: bytes) -> bool:
    try:
        Vault((base64.urlsafe_b64decode(key.translate(str.maketrans("+/", "-_"))),)).cipher(session, wrapped)
    except SealError:
        return False
    return True
