"""Client addresses: those that are blocked, and those from which wrong keys come."""

from __future__ import annotations

import hashlib
import ipaddress
import time

from store import keys
from store.audit import entry
from store.redis_commands import Redis

WRONG_KEYS = 50  # from one address within a window, before further ones are put off
WINDOW_SECONDS = 300
_BUCKETS = 16_384  # bounds the memory: about 1 MB however many addresses try


def network_of(address: str) -> str:
    """What is counted and blocked as one: an IPv4 address, or the /64 of an IPv6 address, which is one customer's.

    What is no address is left as it is: it then stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


class Addresses:
    """Shared by all processes; methods take networks as `network_of` makes them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def blocked(self, network: str) -> bool:
        """Whether nothing is to be answered there."""
        until = self._redis.zscore(keys.BLOCKED, network)
        return until is not None and until > time.time() * 1000

    def block(self, network: str, *, hours: float | None, actor: str) -> None:
        """Refuse everything from there from now on, for some hours or until it is unblocked."""
        now = time.time() * 1000
        until = now + hours * 3_600_000 if hours else float("inf")
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(keys.BLOCKED, "-inf", now)
            pipe.zadd(keys.BLOCKED, {network: until})
            pipe.execute_command("XADD", keys.AUDIT, *entry("address.blocked", actor, network))
            pipe.execute()

    def unblock(self, network: str, *, actor: str) -> bool:
        """Answer again; False if it was not blocked."""
        if not self._redis.zrem(keys.BLOCKED, network):
            return False
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.execute_command("XADD", keys.AUDIT, *entry("address.unblocked", actor, network)).execute()
        return True

    def wrong_key(self, network: str) -> int:
        """Count a wrong key; how many seconds its sender is to wait before the next one, 0 while there were few.

        Counted in buckets, of which several networks may share one. That harms nobody: a right key is never put off.
        """
        bucket = int.from_bytes(hashlib.sha256(network.encode()).digest()[:4]) % _BUCKETS
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(keys.WRONG_KEYS, str(bucket), 1)
            pipe.expire(keys.WRONG_KEYS, WINDOW_SECONDS, nx=True)
            pipe.ttl(keys.WRONG_KEYS)
            count, _, left = pipe.execute()
        return max(1, left) if count > WRONG_KEYS else 0
