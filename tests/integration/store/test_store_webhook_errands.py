"""A delivery in the hands of workers that come twice, late or never again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import keys
from store.deliveries import Attempt
from store.delivery_scripts import LEASE_MS, SLOTS_OF_A_RECEIVER
from tests.integration.ledger_kit import AN_HOUR_MS, Kit, attempted, send_scripts_twice


@pytest.fixture
def delivery_id(kit: Kit) -> str:
    """One delivery that is about to be sent; its message was taken from the queue."""
    kit.listen()
    job_id = kit.end(kit.open())
    [only] = kit.to_send()
    assert only == keys.delivery_id(job_id, 0)
    return only


def test_a_message_that_comes_twice_is_one_errand(kit: Kit, delivery_id: str) -> None:
    errand = kit.take(delivery_id)
    assert kit.errands.claim(delivery_id) is None
    kit.errands.delivered(errand, attempted(200), b"")
    assert kit.errands.claim(delivery_id) is None
    assert len(kit.of(delivery_id).attempts) == 1


def test_ten_workers_at_the_same_time_have_one_errand(kit: Kit, delivery_id: str) -> None:
    with ThreadPoolExecutor(10) as pool:
        errands = list(pool.map(lambda _: kit.errands.claim(delivery_id), range(10)))
    assert len([errand for errand in errands if errand]) == 1


@pytest.mark.parametrize("unknown", [f"dlv_{'0' * 32}_1_0", "dlv_nonsense"])
def test_an_unknown_delivery_is_no_errand_and_leaves_nothing(kit: Kit, unknown: str) -> None:
    before = kit.dump()
    assert kit.errands.claim(unknown) is None
    assert kit.dump() == before


def test_what_a_dead_worker_held_is_sent_again_with_the_same_id_and_a_higher_fence(kit: Kit, delivery_id: str) -> None:
    dead = kit.take(delivery_id)
    kit.outbox.pump()
    assert kit.to_send() == []
    kit.end_lease_of_delivery(delivery_id)
    kit.outbox.pump()
    assert kit.to_send() == [delivery_id]
    again = kit.take(delivery_id)
    assert (again.id, again.at, again.failures) == (dead.id, dead.at, 0)
    assert again.fence > dead.fence
    before = kit.dump()
    assert not kit.errands.delivered(dead, attempted(200), b"late")
    assert not kit.errands.retry(dead, attempted(500), b"late", delay_ms=0)
    assert not kit.errands.give_up(dead, "gone", attempted(410), b"late")
    assert kit.dump() == before
    assert kit.errands.delivered(again, attempted(200), b"")


def test_the_end_of_a_lease_is_looked_at_in_time(kit: Kit, delivery_id: str) -> None:
    receiver = kit.take(delivery_id).receiver
    looked_at = kit.redis.zscore(keys.RECEIVERS, receiver)
    assert looked_at <= time.time() * 1000 + LEASE_MS


def test_a_lost_message_is_sent_again_and_the_old_one_does_no_harm(kit: Kit, delivery_id: str) -> None:
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == [delivery_id]
    kit.deliver(delivery_id)
    assert kit.errands.claim(delivery_id) is None


def test_a_slow_worker_whose_delivery_nobody_took_yet_may_still_settle_it(kit: Kit, delivery_id: str) -> None:
    slow = kit.take(delivery_id)
    kit.end_lease_of_delivery(delivery_id)
    kit.outbox.pump()
    assert kit.errands.retry(slow, attempted(), b"", delay_ms=AN_HOUR_MS)
    assert kit.to_send() == [delivery_id]
    assert kit.errands.claim(delivery_id) is None  # it waits for its hour
    assert len(kit.of(delivery_id).attempts) == 1


def test_what_a_slow_worker_delivered_takes_no_slot_again(kit: Kit, delivery_id: str) -> None:
    slow = kit.take(delivery_id)
    later = [keys.delivery_id(kit.end(kit.open()), 0) for _ in range(SLOTS_OF_A_RECEIVER)]
    assert kit.to_send() == later[:-1]
    kit.end_lease_of_delivery(delivery_id)
    kit.outbox.pump()
    assert kit.to_send() == later[-1:]  # the slow one stands behind them now
    assert kit.errands.delivered(slow, attempted(200), b"")
    for other in later:
        kit.deliver(other)
    assert kit.to_send() == []


def test_a_failed_attempt_is_noted_and_waits_for_its_time(kit: Kit, delivery_id: str) -> None:
    kit.deliver(delivery_id, 503, b"busy", delay_ms=AN_HOUR_MS)
    delivery = kit.of(delivery_id)
    assert (delivery.status, delivery.reason, delivery.ended_at) == ("pending", None, None)
    in_an_hour = time.time() * 1000 + AN_HOUR_MS
    assert in_an_hour - 10_000 < (delivery.next_attempt_at or 0) <= in_an_hour
    kit.outbox.pump()
    assert kit.to_send() == []
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == [delivery_id]
    assert kit.take(delivery_id).failures == 1


def test_an_attempt_that_is_due_at_once_is_sent_at_once(kit: Kit, delivery_id: str) -> None:
    kit.deliver(delivery_id, 500, delay_ms=0)
    assert kit.to_send() == [delivery_id]


def test_every_attempt_is_listed_as_it_was(kit: Kit, delivery_id: str) -> None:
    for status, error, answer in ((500, None, b"\xff" + b"oh"), (None, "timeout", b"")):
        assert kit.errands.retry(kit.take(delivery_id), attempted(status, error), answer, delay_ms=0)
    kit.deliver(delivery_id, 204)
    delivery = kit.of(delivery_id)
    at = attempted().at
    assert delivery.attempts == [
        Attempt(at, 500, 30, None, "\N{REPLACEMENT CHARACTER}oh"),
        Attempt(at, None, 30, "timeout", None),
        Attempt(at, 204, 30, None, None),
    ]
    assert (delivery.status, delivery.reason, delivery.next_attempt_at) == ("delivered", None, None)
    assert delivery.created_at <= (delivery.ended_at or 0)


def test_a_delivery_that_was_given_up_says_why_and_is_not_sent_again(kit: Kit, delivery_id: str) -> None:
    assert kit.errands.give_up(kit.take(delivery_id), "exhausted", attempted(), b"no")
    delivery = kit.of(delivery_id)
    assert (delivery.status, delivery.reason, len(delivery.attempts)) == ("failed", "exhausted", 1)
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == []
    assert not kit.redis.exists(keys.RECEIVERS)


def test_what_was_never_attempted_lists_no_attempt(kit: Kit, delivery_id: str) -> None:
    assert kit.errands.give_up(kit.take(delivery_id), "endpoint_disabled")
    assert kit.of(delivery_id).attempts == []


@pytest.mark.parametrize("how", ["delivered", "retry", "give_up"])
def test_a_claim_or_settlement_sent_twice_by_the_client_library_happens_once(
    kit: Kit, delivery_id: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    send_scripts_twice(monkeypatch)
    errand = kit.take(delivery_id)
    assert errand.fence == 1
    if how == "delivered":
        kit.errands.delivered(errand, attempted(200), b"")
    elif how == "retry":
        kit.errands.retry(errand, attempted(), b"", delay_ms=AN_HOUR_MS)
    else:
        kit.errands.give_up(errand, "exhausted", attempted())
    assert len(kit.of(delivery_id).attempts) == 1
    assert kit.redis.hget(keys.delivery(delivery_id), "failures") == (b"1" if how == "retry" else b"0")
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == ([delivery_id] if how == "retry" else [])


def test_what_is_on_its_way_outlives_every_pause(kit: Kit, delivery_id: str) -> None:
    """A receiver with a long queue may take longer than the schedule: each attempt gives the rest of it time anew."""
    kit.redis.pexpire(keys.delivery(delivery_id), 60_000)
    kit.deliver(delivery_id, 500)
    kept = kit.redis.pttl(keys.delivery(delivery_id))
    assert kept > 1000 * sum(kit.settings.webhook_retry_seconds)
