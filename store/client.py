"""How this project talks to Redis: short timeouts, so that "away" is noticed in under two seconds."""

from __future__ import annotations

from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from store.redis_commands import Redis

CONNECT_SECONDS = 0.7
ANSWER_SECONDS = 1.5
POOL_SECONDS = 2.0
CONNECTIONS = 256  # of a web process; thousands of waiting clients do not open one each


def connect(url: str, *, answer_seconds: float = ANSWER_SECONDS, connections: int = CONNECTIONS) -> Redis:
    """A lazy client with a pool of at most so many `connections`; no socket is opened before the first command.

    Who finds all of them taken waits for one, and is refused (`ConnectionError`) after `POOL_SECONDS`.

    One immediate retry covers a pooled connection that the server closed meanwhile. Every write of the ledger is a
    script that is harmless when run twice, so a retry after an unknown outcome is safe.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=POOL_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        decode_responses=False,
    )
    return cast(Redis, redis.Redis.from_pool(pool))


def milliseconds(server_time: tuple[int, int]) -> int:
    """Redis' answer to TIME as milliseconds since the epoch. The server's clock is the one that all hosts share."""
    seconds, microseconds = server_time
    return seconds * 1000 + microseconds // 1000


def pool_of(client: Redis) -> redis.ConnectionPool:
    """The connection pool behind a client, for libraries that bring commands of their own."""
    return cast(redis.Redis, client).connection_pool
