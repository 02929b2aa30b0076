"""Everything that a running stack holds, as bytes: Redis key by key, every file of its data folder, Flower's pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from local.stack import Stack
from store import keys
from store.client import connect
from tests.e2e.client import Client

Place = tuple[str, bytes]


def of_redis(stack: Stack) -> Iterator[Place]:
    """Each key: its name, its serialized form, and what the commands of its type answer."""
    redis: Any = connect(stack.settings.redis_url)
    try:
        for key in redis.scan_iter("*", count=1000):
            parts = [key, redis.dump(key) or b"", *_read(redis, key)]  # either may have ended meanwhile
            yield f"redis {key.decode(errors='replace')}", b"\n".join(parts)
    finally:
        redis.close()


def of_files(stack: Stack) -> Iterator[Place]:
    """Each file of the data folder: logs, the append-only file, supervisord's, the index."""
    for file in sorted(stack.settings.data_dir.rglob("*")):
        if file.is_file():
            yield f"file {file.relative_to(stack.settings.data_dir)}", file.name.encode() + b"\n" + file.read_bytes()


def of_flower(client: Client) -> Iterator[Place]:
    """The pages and the API of Flower, and the page of every task of a job or delivery."""
    tasks = client.flower_get("/api/tasks", params={"limit": 100_000}).json()
    pages = ["/workers", "/tasks", "/broker", "/api/tasks", "/api/workers", "/metrics"]
    pages += [f"/task/{task}" for task, about in tasks.items() if not (about["name"] or "").startswith("maintenance.")]
    for page in pages:
        yield f"flower {page}", client.flower_get(page).content


def wait_for_rewrite(client: Client) -> None:
    """Return once the append-only file holds nothing from before the last erasure."""
    redis: Any = connect(client.stack.settings.redis_url)
    folder = client.stack.settings.data_dir / "valkey" / "appendonlydir"

    def done() -> bool:
        about = redis.info("persistence")
        idle = not (
            about["aof_rewrite_in_progress"] or about["aof_rewrite_scheduled"] or redis.exists(keys.REWRITE_DUE)
        )
        listed = (folder / "appendonly.aof.manifest").read_text()
        return idle and all(file.name in listed for file in folder.glob("*.aof.*.*"))

    try:
        # Twice: between "it is due" and "it is under way" lies a moment in which it looks done.
        client.until_true(done)
        time.sleep(0.3)
        client.until_true(done)
        assert redis.info("persistence")["aof_last_bgrewrite_status"] == "ok"
    finally:
        redis.close()


def _read(redis: Any, key: bytes) -> list[bytes]:
    """What the commands of its type answer; an error for a type that nobody thought of."""
    kind = redis.type(key).decode()
    read: dict[str, Callable[[], Iterable[bytes]]] = {
        "none": lambda: [],
        "string": lambda: [redis.get(key) or b""],
        "hash": lambda: _flat(redis.hgetall(key).items()),
        "list": lambda: redis.lrange(key, 0, -1),
        "set": lambda: redis.smembers(key),
        "zset": lambda: redis.zrange(key, 0, -1),
        "stream": lambda: _flat(pair for _, fields in redis.xrange(key) for pair in fields.items()),
    }
    return list(read[kind]())


def _flat(pairs: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    return [part for pair in pairs for part in pair]
