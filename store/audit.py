"""The audit trail: who made, changed and revoked keys, who erased what, which addresses were blocked, and when.

A Redis stream that is only ever appended to, in the same step as what it tells of; erasing anything leaves it alone. It
holds hashed ids and no names. Who knows an id finds its entries: `printf %s ID | sha256sum | cut -c1-16`.
"""

from __future__ import annotations

import hashlib

from store import keys
from store.redis_commands import Redis

LONGEST = 100_000  # entries; the oldest go first
_HASH_CHARACTERS = 16


def hashed(identifier: str) -> str:
    """How an id stands in the trail."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:_HASH_CHARACTERS]


def entry(event: str, actor: str, about: str) -> list[str]:
    """What a script or pipeline gives to XADD behind the name of the stream.

    `event` is such as `key.revoked`; `actor` the id of an API key, or a word for who has none (`cli`, `environment`);
    `about` the id that it happened to.
    """
    who = hashed(actor) if actor.startswith("key_") else actor
    return ["MAXLEN", "~", str(LONGEST), "*", "event", event, "actor", who, "object", hashed(about)]


class Audit:
    """Reads the trail."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def tail(self, count: int) -> list[dict[str, str | int]]:
        """The last entries, the newest last: `at` (milliseconds since the epoch), `event`, `actor`, `object`."""
        found = reversed(self._redis.xrevrange(keys.AUDIT, count=count))
        return [
            {"at": int(place.partition(b"-")[0]), **{name.decode(): value.decode() for name, value in fields.items()}}
            for place, fields in found
        ]
