"""Webhook endpoints that clients registered, and the secrets that sign what is sent."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from store import keys
from store.client import milliseconds
from store.crypto import Vault
from store.redis_commands import Redis
from store.scripts import Scripts

EVENTS = ("job.completed", "job.failed", "job.cancelled", "job.expired", "safety.escalated")
MAX_ENDPOINTS = 20  # of one API key: each of its jobs may send this many events
OVERLAP_MS = 24 * 3600 * 1000  # for so long after a rotation both secrets sign, and the receiver may have either


class TooManyEndpoints(Exception):
    """The API key has `MAX_ENDPOINTS` already."""


@dataclass(frozen=True)
class Endpoint:
    """A receiver as its owner may see it; times in milliseconds since the epoch."""

    id: str
    key_id: str
    url: str
    description: str
    events: tuple[str, ...]
    include_output: bool
    enabled: bool
    disabled_reason: str | None  # `gone` (it answered 410) or `failing` (nothing delivered for days)
    created_at: int


class Endpoints:
    """The endpoints of every API key. URLs and secrets are sealed: a URL may carry a password of the receiver's."""

    def __init__(self, redis: Redis, vault: Vault) -> None:
        self._redis = redis
        self._vault = vault
        self._scripts = Scripts(redis)

    def create(
        self, key_id: str, secret: str, *, url: str, events: list[str], include_output: bool, description: str
    ) -> Endpoint:
        """Register a receiver, or raise `TooManyEndpoints`."""
        endpoint_id = f"whep_{secrets.token_hex(16)}"
        seconds, microseconds = self._redis.time()
        fields = self._sealed(
            endpoint_id, url=url, events=events, include_output=include_output, description=description, enabled=True
        )
        fields |= {"key_id": key_id, "created_at": milliseconds((seconds, microseconds))}
        fields["secret"] = self._vault.seal(f"{endpoint_id}|secret", secret.encode())
        args: list[str | bytes | int] = [endpoint_id, seconds * 1_000_000 + microseconds, MAX_ENDPOINTS]
        for name, value in fields.items():
            args += [name, value]
        if not self._scripts.run("add_endpoint", [keys.endpoint(endpoint_id), keys.endpoints_of(key_id)], args):
            raise TooManyEndpoints
        created = self.get(endpoint_id)
        assert created is not None, "it was stored just now"  # noqa: S101 (for the type checker)
        return created

    def get(self, endpoint_id: str, owner: str | None = None) -> Endpoint | None:
        """An endpoint, or None if it is unknown, deleted, or another key's (`owner`)."""
        stored = self._redis.hgetall(keys.endpoint(endpoint_id))
        if not stored or (owner is not None and stored[b"key_id"].decode() != owner):
            return None
        reason = stored.get(b"disabled_reason")
        return Endpoint(
            id=endpoint_id,
            key_id=stored[b"key_id"].decode(),
            url=self._vault.open(f"{endpoint_id}|url", stored[b"url"]).decode(),
            description=self._vault.open(f"{endpoint_id}|description", stored[b"description"]).decode(),
            events=tuple(json.loads(stored[b"events"])),
            include_output=stored[b"include_output"] == b"1",
            enabled=stored[b"enabled"] == b"1",
            disabled_reason=reason.decode() if reason else None,
            created_at=int(stored[b"created_at"]),
        )

    def of_key(self, key_id: str) -> list[Endpoint]:
        """All endpoints of an API key, oldest first (at most `MAX_ENDPOINTS`)."""
        known = self._redis.zrangebyscore(keys.endpoints_of(key_id), "-inf", "+inf")
        found = (self.get(member.decode(), key_id) for member in known)
        return [endpoint for endpoint in found if endpoint]

    def update(self, endpoint: Endpoint, changes: dict[str, Any]) -> Endpoint | None:
        """Change some of `url`, `events`, `include_output`, `description` and `enabled`; None if it is gone by now.

        Enabling an endpoint gives it a clean slate: failures from before do not count.
        """
        args: list[str | bytes | int] = [int(changes.get("enabled", False))]
        for name, value in self._sealed(endpoint.id, **changes).items():
            args += [name, value]
        self._scripts.run("update_endpoint", [keys.endpoint(endpoint.id)], args)
        return self.get(endpoint.id, endpoint.key_id)

    def delete(self, endpoint: Endpoint) -> None:
        """Forget an endpoint; what is on its way there is given up."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.endpoints_of(endpoint.key_id), endpoint.id).delete(keys.endpoint(endpoint.id))
            pipe.set(keys.REWRITE_DUE, 1).execute()  # no key of its own dies with it

    def rotate(self, endpoint: Endpoint, fresh: str) -> None:
        """Sign with a new secret, and for `OVERLAP_MS` with the old one too."""
        self._rotate(keys.endpoint(endpoint.id), f"{endpoint.id}|secret", fresh)

    def secrets_of(self, endpoint: Endpoint) -> list[str]:
        """The secrets that sign now, the newest first."""
        return self._secrets(keys.endpoint(endpoint.id), f"{endpoint.id}|secret")

    def signing_secret(self, key_id: str, fresh: str) -> str:
        """The secret of an API key for bare URLs; `fresh` becomes it if there is none yet."""
        return self.signing_secrets(key_id, fresh)[0]

    def signing_secrets(self, key_id: str, fresh: str) -> list[str]:
        """Like `signing_secret`, with the one that it replaced while both sign."""
        sealed = self._vault.seal(f"{key_id}|signing", fresh.encode())
        self._redis.hsetnx(keys.signing(key_id), "secret", sealed)
        return self._secrets(keys.signing(key_id), f"{key_id}|signing")

    def rotate_signing_secret(self, key_id: str, fresh: str) -> None:
        """Replace it, as `rotate` does."""
        if self.signing_secret(key_id, fresh) != fresh:
            self._rotate(keys.signing(key_id), f"{key_id}|signing", fresh)

    def _rotate(self, key: str, place: str, fresh: str) -> None:
        now = milliseconds(self._redis.time())
        self._scripts.run("rotate_secret", [key], [self._vault.seal(place, fresh.encode()), now + OVERLAP_MS])

    def _secrets(self, key: str, place: str) -> list[str]:
        current, old, old_until = self._redis.hmget(key, ["secret", "old_secret", "old_until"])
        sealed = [current] if current else []
        if old and old_until and int(old_until) > milliseconds(self._redis.time()):
            sealed.append(old)
        return [self._vault.open(place, value).decode() for value in sealed]

    def _sealed(self, endpoint_id: str, **fields: Any) -> dict[str, str | bytes | int]:
        stored: dict[str, str | bytes | int] = {}
        for name, value in fields.items():
            if name in {"url", "description"}:
                stored[name] = self._vault.seal(f"{endpoint_id}|{name}", value.encode())
            else:
                stored[name] = json.dumps(value) if name == "events" else int(value)
        return stored
