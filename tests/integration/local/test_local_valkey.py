"""The embedded Valkey, attacked."""

import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import AuthenticationError

from local import session, valkey
from store.client import connect
from store.redis_commands import Redis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[valkey.ValkeyServer]:
    with valkey.running(tmp_path) as running:
        yield running


@pytest.fixture
def redis(server: valkey.ValkeyServer) -> Iterator[Redis]:
    client = connect(server.url)
    yield client
    client.close()


def _port(server: valkey.ValkeyServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def test_what_was_acknowledged_outlives_a_kill(server: valkey.ValkeyServer, redis: Redis) -> None:
    for number in range(1000):
        redis.set(f"key {number}", number)

    server.kill()
    server.restart()

    assert [redis.get(f"key {number}") for number in (0, 500, 999)] == [b"0", b"500", b"999"]


def test_a_password_is_required(server: valkey.ValkeyServer) -> None:
    client = connect(f"redis://127.0.0.1:{_port(server)}/0")

    with pytest.raises(AuthenticationError):
        client.ping()


def test_the_password_stands_in_no_command_line_and_in_no_file_others_can_read(
    server: valkey.ValkeyServer, tmp_path: Path
) -> None:
    password = server.url.removeprefix("redis://:").partition("@")[0]

    assert password not in session.command(server.pid)
    holders = [path for path in tmp_path.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert [path.name for path in holders] == ["valkey.conf"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(holders[0].parent.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers on all of 127.0.0.0/8")
def test_it_listens_on_one_address_of_loopback_only(server: valkey.ValkeyServer) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", _port(server)))


def test_nothing_is_evicted_and_every_write_is_logged(server: valkey.ValkeyServer, redis: Redis) -> None:
    pipe = redis.pipeline()
    for name in ("maxmemory-policy", "appendonly", "appendfsync", "save"):
        pipe.config_get(name)

    found = {key: value for answer in pipe.execute() for key, value in answer.items()}

    assert found["maxmemory-policy"] == "noeviction"
    assert (found["appendonly"], found["appendfsync"], found["save"]) == ("yes", "always", "")


def test_nothing_runs_after_the_block(tmp_path: Path) -> None:
    with valkey.running(tmp_path) as server:
        pid = server.pid

    assert session.command(pid) == ""
    assert not valkey.answers(server.url)


def test_a_data_folder_with_blanks_and_quotes_in_its_name_works(tmp_path: Path) -> None:
    folder = tmp_path / 'my "own" data'
    folder.mkdir()

    with valkey.running(folder) as server:
        assert valkey.answers(server.url)
    assert (folder / "valkey" / "appendonlydir").is_dir()
