from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from local.valkey import ValkeyServer, running
from store.client import connect
from store.crypto import Vault
from store.jobs import Jobs
from store.ledger import Ledger
from store.sessions import Session, Sessions
from tests.integration.ledger_kit import Kit


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One server for all tests of a run; `redis` empties it before each."""
    with running(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis(valkey: ValkeyServer) -> Iterator[Any]:
    """The product's client, on an empty server. `Any`: tests look at more than `store.redis_commands` has."""
    client: Any = connect(valkey.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def settings(valkey: ValkeyServer, tmp_path: Path) -> Settings:
    environ = {
        "REDIS_URL": valkey.url,
        "DATA_DIR": str(tmp_path / "data"),
        "DATA_ENCRYPTION_KEYS": base64.b64encode(bytes(range(32))).decode(),
        "API_KEYS": "test-key",
    }
    return Settings.from_env(environ, dotenv=tmp_path / "no.env")


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault(settings.data_encryption_keys)


@pytest.fixture
def make_kit(redis: Any, vault: Vault, settings: Settings) -> Callable[..., Kit]:
    """The store under changed settings: `make_kit(max_running_jobs_per_api_key=1)`."""

    def make(**changes: Any) -> Kit:
        return Kit(redis, vault, replace(settings, **changes))

    return make


@pytest.fixture
def kit(make_kit: Callable[..., Kit]) -> Kit:
    return make_kit()


@pytest.fixture
def sessions(kit: Kit) -> Sessions:
    return kit.sessions


@pytest.fixture
def jobs(kit: Kit) -> Jobs:
    return kit.jobs


@pytest.fixture
def ledger(kit: Kit) -> Ledger:
    return kit.ledger


@pytest.fixture
def open_session(kit: Kit) -> Callable[..., Session]:
    """Open a session: `open_session()`, `open_session("key_other")`."""
    return kit.open
