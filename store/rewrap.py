"""Puts all that older master keys seal under the current one, so that they can leave `DATA_ENCRYPTION_KEYS`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from redis.exceptions import WatchError

from store import delivery_scripts, keys
from store.crypto import SealError, Vault
from store.redis_commands import Redis

_SCANNED = 500
_HASHES = ("session", "job", "webhook_event", "delivery", "endpoint", "signing")


@dataclass(frozen=True)
class Rewrapped:
    """How many values are under the current key now that were not, and how many no known key opens."""

    renewed: int
    unreadable: int


def rewrap(redis: Redis, vault: Vault) -> Rewrapped:
    """Renew every value that a master key seals. Safe at any time, any number of times, while everything runs."""
    renewed = unreadable = 0
    for kind in _HASHES:
        prefix = f"rr:{kind}:"
        for key in redis.scan_iter(f"{prefix}*", count=_SCANNED):
            changes: dict[str, bytes] = {}
            try:
                changes = _renew(redis, vault, kind, key.decode(), key.decode().removeprefix(prefix))
            except SealError:
                unreadable += 1
            renewed += len(changes)
    redis.set(keys.REWRITE_DUE, 1)  # the append-only file still holds them as they were
    return Rewrapped(renewed, unreadable)


def _renew(redis: Redis, vault: Vault, kind: str, key: str, id_: str) -> dict[str, bytes]:
    while True:
        with redis.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(key)  # whoever changes it in between has the last word
                stored = {name.decode(): value for name, value in pipe.hgetall(key).items()}
                changes = {
                    name: fresh
                    for name, place in _places(kind, id_, stored)
                    if (sealed := stored.get(name)) and (fresh := vault.renewed(place, sealed)) != sealed
                }
                if changes:
                    pipe.multi()
                    pipe.hset(key, mapping=changes)
                    pipe.execute()
                return changes
            except WatchError:
                continue


def _places(kind: str, id_: str, stored: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """The fields of a hash that a master key seals, and what each was sealed for."""
    if kind == "session":
        yield "data_key", f"{id_}|data_key"
    elif kind in {"job", "webhook_event"}:
        yield "webhook", delivery_scripts.webhook_place(id_)
    elif kind == "delivery":
        yield "url", f"{id_}|url"
        if not stored.get("session_id"):  # a sample's: all other answers are under their session's key
            yield from ((name, delivery_scripts.answer_place(id_)) for name in stored if name.startswith("answer:"))
    elif kind == "endpoint":
        yield from ((name, f"{id_}|{name}") for name in ("url", "description", "secret"))
        yield "old_secret", f"{id_}|secret"
    else:
        yield from ((name, f"{id_}|signing") for name in ("secret", "old_secret"))
