"""One receiver's trouble is its own."""

from __future__ import annotations

import pytest

from store import keys
from store.delivery_scripts import SLOTS_OF_A_RECEIVER
from tests.integration.ledger_kit import LONG_AGO, Kit, attempted

DEAD, ALIVE = "https://dead.example/hook", "https://alive.example/hook"
MANY = 10_000


def _fill(kit: Kit, count: int) -> str:
    """So many more deliveries that are due to the same receiver as the last one made; returns the receiver."""
    [[last, _]] = kit.redis.zrevrange(keys.deliveries_of("key_a"), 0, 0, withscores=True)
    record = kit.redis.hgetall(keys.delivery(last.decode()))
    receiver: str = record[b"receiver"].decode()
    ids = [f"dlv_{'f' * 32}_1_{number}" for number in range(count)]
    with kit.redis.pipeline(transaction=False) as pipe:
        for delivery_id in ids:
            pipe.hset(keys.delivery(delivery_id), mapping=record)
        pipe.zadd(keys.due(receiver), dict.fromkeys(ids, LONG_AGO + 1))
        pipe.execute()
    return receiver


def test_ten_thousand_events_for_a_dead_receiver_fill_no_queue_and_hold_up_no_other(kit: Kit) -> None:
    kit.listen("key_a", url=DEAD)
    kit.end(kit.open("key_a"))
    receiver = _fill(kit, MANY)
    kit.redis.delete(keys.DELIVERIES)
    kit.redis.zadd(keys.RECEIVERS, {receiver: LONG_AGO})
    for _ in range(3):
        kit.outbox.pump()
    dead = kit.messages(keys.DELIVERIES)
    assert len(dead) == SLOTS_OF_A_RECEIVER - 1  # and the first one is on its way
    kit.listen("key_b", url=ALIVE)
    single = keys.delivery_id(kit.end(kit.open("key_b")), 0)
    assert [id_ for id_ in kit.messages(keys.DELIVERIES) if id_.startswith("dlv_")] == [*dead, single]


def test_a_receiver_has_four_requests_at_a_time_whatever_becomes_of_them(kit: Kit) -> None:
    kit.listen(url=DEAD)
    session = kit.open()
    made = [keys.delivery_id(kit.end(session), 0) for _ in range(12)]
    on_their_way: list[str] = []
    done: list[str] = []
    while len(done) < len(made):
        on_their_way += kit.to_send()
        assert 0 < len(on_their_way) <= SLOTS_OF_A_RECEIVER
        delivery_id = on_their_way.pop(0)
        how = len(done) % 3
        if how == 0:
            kit.deliver(delivery_id, 500)
        elif how == 1:
            kit.deliver(delivery_id)
        else:
            kit.errands.give_up(kit.take(delivery_id), "exhausted", attempted())
        done.append(delivery_id)
        kit.outbox.pump()
    assert done == made  # the oldest first


def test_a_receiver_with_slots_to_spare_gets_every_event_at_once(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    made = [keys.delivery_id(kit.end(session), 0) for _ in range(SLOTS_OF_A_RECEIVER)]
    assert kit.to_send() == made


def test_two_api_keys_do_not_share_the_slots_of_one_receiver(kit: Kit) -> None:
    for key_id in ("key_a", "key_b"):
        kit.listen(key_id, url=DEAD)
    session = kit.open("key_a")
    for _ in range(SLOTS_OF_A_RECEIVER + 2):
        kit.end(session)
    kit.redis.delete(keys.DELIVERIES)
    single = keys.delivery_id(kit.end(kit.open("key_b")), 0)
    assert kit.to_send() == [single]


def test_addresses_on_one_host_share_its_slots(kit: Kit) -> None:
    session = kit.open()
    for number in range(SLOTS_OF_A_RECEIVER + 2):
        kit.end(session, webhook={"url": f"https://{'dead' if number % 2 else 'DEAD'}.example/{number}"})
    assert len(kit.to_send()) == SLOTS_OF_A_RECEIVER


def test_what_waits_longer_does_not_hide_what_is_due(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    first, second = (keys.delivery_id(kit.end(session), 0) for _ in range(2))
    kit.deliver(first, 500)
    kit.deliver(second, 500)
    kit.to_send()
    receiver = kit.redis.hget(keys.delivery(second), "receiver").decode()
    kit.redis.zadd(keys.due(receiver), {second: LONG_AGO})
    kit.redis.zadd(keys.RECEIVERS, {receiver: LONG_AGO})
    kit.outbox.pump()
    assert kit.to_send() == [second]
    kit.deliver(second)
    next_look = kit.redis.zscore(keys.RECEIVERS, receiver)
    assert next_look == kit.redis.zscore(keys.due(receiver), first)


@pytest.mark.parametrize("how", ["session", "job"])
def test_erasing_what_fills_a_receivers_slots_gives_them_to_those_who_wait(kit: Kit, how: str) -> None:
    kit.listen()
    erased, kept = kit.open(), kit.open()
    slow = [kit.end(erased) for _ in range(SLOTS_OF_A_RECEIVER)]
    waiting = keys.delivery_id(kit.end(kept), 0)
    kit.to_send()
    if how == "session":
        kit.sessions.erase(erased.id)
    else:
        kit.jobs.erase(kit.job(slow[0]), erased)
    kit.outbox.pump()
    assert kit.to_send() == [waiting]


def test_deliveries_whose_record_ran_out_take_no_slot_for_ever(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    made = [keys.delivery_id(kit.end(session), 0) for _ in range(SLOTS_OF_A_RECEIVER + 2)]
    kit.redis.delete(*map(keys.delivery, made))
    kit.to_send()
    for delivery_id in made:
        assert kit.errands.claim(delivery_id) is None
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == []
    assert not list(kit.redis.scan_iter("rr:due:*")) + list(kit.redis.scan_iter("rr:sending:*"))
    assert not kit.redis.exists(keys.RECEIVERS)
