"""API keys: only a SHA-256 of each is stored. Keys are long random strings: there is no dictionary to fear."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

from store import keys
from store.redis_commands import Redis

JOBS, ADMIN = "jobs", "admin"


@dataclass(frozen=True)
class ApiKey:
    """Who is calling."""

    id: str
    name: str
    scopes: tuple[str, ...]


def _digest(presented: bytes) -> str:
    return hashlib.sha256(presented).hexdigest()


def _id_of(digest: str) -> str:
    """A key of the environment keeps its id over restarts, so that its sessions stay its own."""
    return "key_" + hashlib.sha256(f"id:{digest}".encode()).hexdigest()[:16]


def _expired(expires_at: bytes) -> bool:
    return 0 < float(expires_at or 0) <= time.time()


class ApiKeys:
    """Knows the keys of `API_KEYS` and `ADMIN_API_KEY`, and checks what a request presents."""

    def __init__(self, redis: Redis, *, plain_keys: Sequence[str] = (), admin_key: str = "") -> None:
        self._redis = redis
        self._wanted: dict[str, tuple[str, ...]] = {plain: (JOBS,) for plain in plain_keys}
        if admin_key:
            self._wanted[admin_key] = (JOBS, ADMIN)
        self._digests = {_digest(plain.encode()) for plain in self._wanted}
        self._imported = False

    def authenticate(self, presented: bytes) -> ApiKey | None:
        """The key's record, or None for an unknown, revoked or expired key. Any byte string is safe to pass."""
        if not self._imported:
            self.import_from_environment()
        digest = _digest(presented)
        key = self._find(digest)
        if key is None and digest in self._digests and not self._redis.exists(keys.API_KEYS_IMPORTED):
            self.import_from_environment()  # Redis came back empty
            key = self._find(digest)
        return key

    def _find(self, digest: str) -> ApiKey | None:
        key_id = self._redis.hget(keys.API_KEY_HASHES, digest)
        # An unknown key does the same work as a known one.
        record = self._redis.hgetall(keys.api_key(key_id.decode() if key_id else "key_unknown"))
        if not hmac.compare_digest(record.get(b"hash", b""), digest.encode()) or _expired(record[b"expires_at"]):
            return None
        return ApiKey(
            key_id.decode() if key_id else "", record[b"name"].decode(), tuple(record[b"scopes"].decode().split())
        )

    def active(self, key_id: str) -> bool:
        """Whether a key that was accepted before still would be: for requests that go on for long."""
        expires_at = self._redis.hget(keys.api_key(key_id), "expires_at")
        return expires_at is not None and not _expired(expires_at)

    def import_from_environment(self) -> None:
        """Store what the environment lists and revoke what it listed before and lists no more."""
        wanted = {_id_of(_digest(plain.encode())): (plain, scopes) for plain, scopes in self._wanted.items()}
        for known in self._redis.hvals(keys.API_KEY_HASHES):
            if (
                known.decode() not in wanted
                and self._redis.hget(keys.api_key(known.decode()), "source") == b"environment"
            ):
                self.revoke(known.decode())
        for number, (plain, scopes) in enumerate(wanted.values(), start=1):
            name = "ADMIN_API_KEY" if ADMIN in scopes else f"API_KEYS {number}"
            self.add(plain, name=name, scopes=scopes, source="environment")
        self._redis.set(keys.API_KEYS_IMPORTED, 1)
        self._imported = True

    def add(self, plain: str, *, name: str, scopes: Sequence[str], source: str, expires_at: float = 0) -> str:
        """Store a key by its hash and return its id. `expires_at` is in Unix seconds, 0 = never."""
        digest = _digest(plain.encode())
        key_id = _id_of(digest)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(
                keys.api_key(key_id),
                mapping={
                    "hash": digest,
                    "name": name,
                    "scopes": " ".join(scopes),
                    "source": source,
                    "expires_at": expires_at,
                },
            )
            pipe.hset(keys.API_KEY_HASHES, digest, key_id)
            pipe.execute()
        return key_id

    def revoke(self, key_id: str) -> None:
        """Forget a key; requests that present it are refused from now on."""
        digest = self._redis.hget(keys.api_key(key_id), "hash")
        with self._redis.pipeline(transaction=True) as pipe:
            if digest:
                pipe.hdel(keys.API_KEY_HASHES, digest.decode())
            pipe.delete(keys.api_key(key_id))
            pipe.execute()
