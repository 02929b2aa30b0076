"""API keys: only a SHA-256 of each is stored.

A fast hash is right here. Slow ones are for passwords, since people choose from few words. A key made here has 256
random bits, and trying them is hopeless at any speed; a slow hash would only let strangers make requests expensive.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from store import keys
from store.audit import entry
from store.redis_commands import Redis
from store.scripts import Scripts

log = logging.getLogger(__name__)

JOBS, ADMIN, METRICS = "jobs", "admin", "metrics"
SCOPES = (JOBS, ADMIN, METRICS)
OVERLAP_SECONDS = 24 * 3600  # for so long after a rotation the old secret is still good
_ENVIRONMENT, _MADE_HERE = "environment", "api"
_SECRET_BYTES = 32
_USED_MS = 60_000
LATELY_SECONDS = 1.0  # how old an answer `active(lately=True)` may be


@dataclass(frozen=True)
class ApiKey:
    """Who is calling; times in milliseconds since the epoch."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int = 0
    last_used_at: int | None = None  # to the minute
    expires_at: int | None = None


def _digest(presented: bytes) -> str:
    return hashlib.sha256(presented).hexdigest()


def _id_of(digest: str) -> str:
    """A key of the environment keeps its id over restarts, so that its sessions stay its own."""
    return "key_" + hashlib.sha256(f"id:{digest}".encode()).hexdigest()[:16]


def _new_secret(key_id: str) -> str:
    return f"{key_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def _expired(expires_at: bytes, now: float) -> bool:
    return 0 < float(expires_at) <= now


def _now() -> float:
    return time.time() * 1000


class ApiKeys:
    """Knows the keys of `API_KEYS` and `ADMIN_API_KEY` and those made here, and checks what a request presents."""

    def __init__(self, redis: Redis, *, plain_keys: Sequence[str] = (), admin_key: str = "") -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._wanted: dict[str, tuple[str, ...]] = {plain: (JOBS,) for plain in plain_keys}
        if admin_key:
            self._wanted[admin_key] = (JOBS, ADMIN)
        self._digests = {_digest(plain.encode()) for plain in self._wanted}
        self._imported = False
        self._seen_active: dict[str, float] = {}

    def authenticate(self, presented: bytes) -> ApiKey | None:
        """The key's record, or None for an unknown, revoked or expired key. Any byte string is safe to pass."""
        if not self._imported:
            self.import_from_environment()
        digest = _digest(presented)
        key = self._find(digest)
        if key is None and digest in self._digests and not self._redis.exists(keys.API_KEYS_IMPORTED):
            self.import_from_environment()  # Redis came back empty
            key = self._find(digest)
        if key and _now() - (key.last_used_at or 0) >= _USED_MS:
            self._scripts.run("touch_key", [keys.api_key(key.id)], [])
        return key

    def _find(self, digest: str) -> ApiKey | None:
        key_id = self._redis.hget(keys.API_KEY_HASHES, digest)
        # An unknown key does the same work as a known one.
        record = self._redis.hgetall(keys.api_key(key_id.decode() if key_id else "key_unknown"))
        now = _now()
        current = hmac.compare_digest(record.get(b"hash", b""), digest.encode())
        former = hmac.compare_digest(record.get(b"old_hash", b""), digest.encode())
        former &= float(record.get(b"old_until", 0)) > now
        if not key_id or not (current or former) or _expired(record[b"expires_at"], now):
            return None
        return _read(key_id.decode(), record)

    def active(self, key_id: str, *, lately: bool = False) -> bool:
        """Whether a key that was accepted before still would be: for requests that go on for long.

        With `lately`, whether it would have been a second ago will do: thousands who wait with the same key ask once.
        """
        now = time.monotonic()
        if lately and now - self._seen_active.get(key_id, float("-inf")) < LATELY_SECONDS:
            return True
        expires_at = self._redis.hget(keys.api_key(key_id), "expires_at")
        if expires_at is None or _expired(expires_at, _now()):
            self._seen_active.pop(key_id, None)
            return False
        self._seen_active[key_id] = now
        return True

    def ended(self, key_id: str) -> bool:
        """Whether a key was revoked or has expired, as far back as there may be work of it."""
        ended_at = self._redis.zscore(keys.API_KEYS_ENDING, key_id)
        return ended_at is not None and ended_at <= _now()

    def get(self, key_id: str) -> ApiKey | None:
        """A key, also an expired one; None if it is unknown or was revoked."""
        record = self._redis.hgetall(keys.api_key(key_id))
        return _read(key_id, record) if record else None

    def list(self, *, limit: int, cursor: str | None) -> tuple[list[ApiKey], str | None]:
        """All keys, oldest first, and the cursor of the next page (None = no more)."""
        known = self._redis.zrangebyscore(keys.ALL_API_KEYS, "-inf", "+inf")
        found = [key for member in known if (key := self.get(member.decode()))]
        places = sorted((f"{key.created_at:015}:{key.id}", key) for key in found)
        later = [(place, key) for place, key in places if cursor is None or place > cursor]
        page = later[:limit]
        return [key for _, key in page], page[-1][0] if len(later) > len(page) else None

    def import_from_environment(self) -> None:
        """Store what the environment lists, and revoke what it listed before and lists no more.

        A key that was revoked stays so while it is listed, and one that was rotated keeps its new secret.
        """
        wanted = {_id_of(_digest(plain.encode())): (plain, scopes) for plain, scopes in self._wanted.items()}
        for member in self._redis.zrangebyscore(keys.ALL_API_KEYS, "-inf", "+inf"):
            known = member.decode()
            if known not in wanted and self._redis.hget(keys.api_key(known), "source") == _ENVIRONMENT.encode():
                self.revoke(known, actor=_ENVIRONMENT, for_good=False)
        for member in self._redis.smembers(keys.API_KEYS_REVOKED):
            if member.decode() in wanted:
                log.warning("api_keys.listed_though_revoked", extra={"revoked": member.decode()})
            else:
                self._redis.srem(keys.API_KEYS_REVOKED, member.decode())
        for number, (plain, scopes) in enumerate(wanted.values(), start=1):
            name = "ADMIN_API_KEY" if ADMIN in scopes else f"API_KEYS {number}"
            self.add(plain, name=name, scopes=scopes, source=_ENVIRONMENT)
        self._redis.set(keys.API_KEYS_IMPORTED, 1)
        self._imported = True

    def add(self, plain: str, *, name: str, scopes: Sequence[str], source: str, expires_at: float = 0) -> str:
        """Store a key that somebody else made, and return its id. `expires_at` is in Unix seconds, 0 = never."""
        key_id = _id_of(_digest(plain.encode()))
        ends = round(expires_at * 1000)
        self._add(key_id, plain, name=name, scopes=scopes, source=source, expires_at=ends, actor=source)
        return key_id

    def create(self, *, name: str, scopes: Sequence[str], expires_at: int | None, actor: str) -> tuple[ApiKey, str]:
        """Make a key; its record and the key itself, which nobody can find out again."""
        key_id = f"key_{secrets.token_hex(8)}"
        plain = _new_secret(key_id)
        ends = expires_at or 0
        self._add(key_id, plain, name=name, scopes=scopes, source=_MADE_HERE, expires_at=ends, actor=actor)
        return ApiKey(key_id, name, tuple(scopes), round(_now()), None, expires_at), plain

    def rotate(self, key_id: str, *, overlap_seconds: int, actor: str) -> str | None:
        """A new secret for the same key, or None if there is no such key. The old one is good for some time yet."""
        plain = _new_secret(key_id)
        arguments = {"id": key_id, "hash": _digest(plain.encode()), "overlap_ms": overlap_seconds * 1000}
        arguments |= {"source": _MADE_HERE, "audit": entry("key.rotated", actor, key_id)}
        script_keys = [keys.api_key(key_id), keys.API_KEY_HASHES, keys.AUDIT]
        return plain if self._scripts.run("rotate_key", script_keys, [json.dumps(arguments)]) == b"ok" else None

    def revoke(self, key_id: str, *, actor: str = "service", for_good: bool = True) -> None:
        """Forget a key; requests that present it are refused from now on.

        `for_good`: it stays revoked while `API_KEYS` lists it.
        """
        arguments = {"id": key_id, "for_good": for_good, "audit": entry("key.revoked", actor, key_id)}
        self._scripts.run("revoke_key", _keys_of(key_id), [json.dumps(arguments)])

    def _add(
        self, key_id: str, plain: str, *, name: str, scopes: Sequence[str], source: str, expires_at: int, actor: str
    ) -> None:
        arguments = {
            "id": key_id,
            "hash": _digest(plain.encode()),
            "name": name,
            "scopes": " ".join(scopes),
            "source": source,
            "expires_at": str(expires_at),
            "audit": entry("key.created", actor, key_id),
        }
        self._scripts.run("add_key", _keys_of(key_id), [json.dumps(arguments)])


def _keys_of(key_id: str) -> list[str]:
    """KEYS of the scripts that make and end a key."""
    everywhere = [keys.API_KEY_HASHES, keys.ALL_API_KEYS, keys.API_KEYS_ENDING, keys.API_KEYS_REVOKED, keys.AUDIT]
    return [keys.api_key(key_id), *everywhere]


def _read(key_id: str, record: dict[bytes, bytes]) -> ApiKey:
    return ApiKey(
        id=key_id,
        name=record[b"name"].decode(),
        scopes=tuple(record[b"scopes"].decode().split()),
        created_at=int(record[b"created_at"]),
        last_used_at=int(record.get(b"last_used_at", 0)) or None,
        expires_at=int(record[b"expires_at"]) or None,
    )
