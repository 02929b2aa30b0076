from __future__ import annotations

import time
from typing import Any

import pytest

from store import keys
from store.addresses import WINDOW_SECONDS, WRONG_KEYS, Addresses, network_of

HERE, THERE = "203.0.113.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_ipv4_address_counts_alone_and_an_ipv6_address_with_its_64(address: str, network: str) -> None:
    assert network_of(address) == network


def test_wrong_keys_are_put_off_after_fifty_from_one_address(redis: Any) -> None:
    addresses = Addresses(redis)
    waits = [addresses.wrong_key(HERE) for _ in range(WRONG_KEYS + 1)]

    assert waits[:-1] == [0] * 50
    assert 0 < waits[-1] <= WINDOW_SECONDS
    assert addresses.wrong_key(THERE) == 0


def test_wrong_keys_are_forgotten_when_the_window_ends(redis: Any) -> None:
    addresses = Addresses(redis)
    for _ in range(WRONG_KEYS):
        addresses.wrong_key(HERE)
    redis.pexpire(keys.WRONG_KEYS, 1)
    while redis.exists(keys.WRONG_KEYS):
        time.sleep(0.001)

    assert addresses.wrong_key(HERE) == 0


def test_counting_takes_bounded_memory_however_many_addresses_try(redis: Any) -> None:
    addresses = Addresses(redis)
    with redis.pipeline(transaction=False) as pipe:  # as many buckets as there are
        for bucket in range(16_384):
            pipe.hset(keys.WRONG_KEYS, str(bucket), 50)
        pipe.execute()
    full = redis.memory_usage(keys.WRONG_KEYS, samples=0)
    for number in range(300):
        addresses.wrong_key(f"2001:db8:0:{number:x}::/64")

    assert redis.memory_usage(keys.WRONG_KEYS, samples=0) <= full < 2_000_000


def test_a_block_lasts_until_it_is_lifted_or_its_hours_are_over(redis: Any) -> None:
    addresses = Addresses(redis)
    addresses.block(HERE, hours=None, actor="test")
    addresses.block(THERE, hours=1, actor="test")
    assert addresses.blocked(HERE) and addresses.blocked(THERE)

    redis.zadd(keys.BLOCKED, {THERE: time.time() * 1000 - 1})
    assert not addresses.blocked(THERE)
    assert addresses.unblock(HERE, actor="test")
    assert not addresses.blocked(HERE)
    assert not addresses.unblock(HERE, actor="test")


def test_blocks_that_are_over_do_not_pile_up(redis: Any) -> None:
    addresses = Addresses(redis)
    redis.zadd(keys.BLOCKED, {THERE: time.time() * 1000 - 1})
    addresses.block(HERE, hours=1, actor="test")

    assert redis.zrange(keys.BLOCKED, 0, -1) == [HERE.encode()]
