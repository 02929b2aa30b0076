"""Who hears of a job's end: the right receivers, once, and the events of one job in their order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import keys
from store.envelope import DELIVER
from store.submission import Settled
from tests.integration.ledger_kit import LONG_AGO, Kit, attempted, send_scripts_twice

BARE = "https://bare.example/hook?token=plainly-secret"
SETTLED = Settled("escalated", "Please call 911 now.", [])
ESCALATED = ["safety.escalated", "job.completed"]


def _told(kit: Kit, job_id: str) -> list[tuple[str | None, str]]:
    return [(delivery.endpoint_id, delivery.type) for delivery in kit.deliveries.of_job(job_id, "key_a")]


def test_each_receiver_that_asked_for_it_hears_of_an_end(kit: Kit) -> None:
    every, completions = kit.listen(), kit.listen(events=["job.completed"])
    kit.listen(events=["job.failed", "safety.escalated"])
    job_id = kit.end(kit.open(), webhook={"url": BARE})
    assert _told(kit, job_id) == [
        (every.id, "job.completed"),
        (completions.id, "job.completed"),
        (None, "job.completed"),
    ]
    assert kit.to_send() == [keys.delivery_id(job_id, number) for number in range(3)]
    for number, url in enumerate([every.url, completions.url, BARE]):
        errand = kit.take(keys.delivery_id(job_id, number))
        assert (errand.url, errand.job_id, errand.status, errand.outcome) == (url, job_id, "completed", "answered")
        assert (errand.key_id, errand.session_id) == ("key_a", keys.session_of(job_id))
        assert errand.at == kit.job(job_id).completed_at


@pytest.mark.parametrize("change", ["disabled", "deleted", "events taken off"])
def test_a_receiver_that_no_longer_listens_hears_nothing(kit: Kit, change: str) -> None:
    endpoint = kit.listen()
    job_id = kit.submit(kit.open(), webhook={"endpoint_id": endpoint.id} if change != "events taken off" else None)
    kit.run(job_id)
    if change == "disabled":
        kit.endpoints.update(endpoint, {"enabled": False})
    elif change == "deleted":
        kit.endpoints.delete(endpoint)
    else:
        kit.endpoints.update(endpoint, {"events": ["job.failed"]})
    assert kit.outbox.fan_out(job_id) == 0
    assert _told(kit, job_id) == []
    assert kit.to_send() == []
    assert not kit.redis.exists(keys.OUTBOX)


def test_a_job_that_names_an_endpoint_has_it_hear_of_all_events_once(kit: Kit) -> None:
    named = kit.listen(events=["job.failed"])
    other = kit.listen(events=["safety.escalated"])
    job_id = kit.submit(kit.open(), settled=SETTLED, webhook={"endpoint_id": named.id})
    assert kit.outbox.fan_out(job_id) == 3
    assert _told(kit, job_id) == [*((named.id, type_) for type_ in ESCALATED), (other.id, "safety.escalated")]


def test_endpoints_of_another_api_key_hear_nothing_even_when_named(kit: Kit) -> None:
    foreign = kit.listen("key_b")
    job_id = kit.end(kit.open("key_a"), webhook={"endpoint_id": foreign.id})
    assert kit.redis.hget(keys.webhook_event(job_id), "count") == b"0"
    assert not kit.redis.exists(keys.deliveries_of("key_a"), keys.deliveries_of("key_b"))
    assert kit.to_send() == []


def test_a_second_fan_out_makes_and_sends_nothing(kit: Kit) -> None:
    kit.listen()
    job_id = kit.end(kit.open(), webhook={"url": BARE})
    kit.listen(url="https://later.example/")
    before = kit.dump()
    assert kit.outbox.fan_out(job_id) == 0
    assert kit.dump() == before


def test_ten_fan_outs_at_the_same_time_make_each_delivery_once(kit: Kit) -> None:
    for number in range(3):
        kit.listen(url=f"https://receiver-{number}.example/")
    job_id = kit.submit(kit.open())
    kit.run(job_id)
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: kit.outbox.fan_out(job_id), range(10)))
    assert sorted(made) == [0] * 9 + [3]
    assert sorted(kit.to_send()) == [keys.delivery_id(job_id, number) for number in range(3)]
    assert kit.redis.zcard(keys.deliveries_of("key_a")) == 3


def test_a_lost_message_is_made_good(kit: Kit) -> None:
    kit.listen()
    job_id = kit.submit(kit.open())
    kit.run(job_id)
    kit.redis.delete(keys.DELIVERIES)
    kit.outbox.pump()
    assert kit.to_send() == []  # it may still come
    kit.redis.zadd(keys.OUTBOX, {job_id: LONG_AGO})
    assert kit.outbox.pump() == 1
    assert kit.to_send() == [keys.delivery_id(job_id, 0)]
    assert not kit.redis.exists(keys.OUTBOX)


def test_a_job_whose_event_ran_out_leaves_the_outbox(kit: Kit) -> None:
    kit.listen()
    job_id = kit.submit(kit.open())
    kit.run(job_id)
    kit.redis.delete(keys.webhook_event(job_id))
    kit.redis.zadd(keys.OUTBOX, {job_id: LONG_AGO})
    kit.outbox.pump()
    assert not kit.redis.exists(keys.OUTBOX, keys.deliveries_of("key_a"))


def test_what_cannot_be_read_any_more_holds_up_no_other_job(kit: Kit) -> None:
    kit.listen("key_b")
    broken, fine = kit.submit(kit.open("key_a"), webhook={"url": BARE}), kit.submit(kit.open("key_b"))
    for job_id in (broken, fine):
        kit.run(job_id)
    kit.redis.hset(keys.webhook_event(broken), "webhook", b"sealed under a key that is gone")
    kit.redis.zadd(keys.OUTBOX, {broken: LONG_AGO, fine: LONG_AGO + 1})
    kit.outbox.pump()
    assert kit.to_send() == [keys.delivery_id(fine, 0)]


# The order of one job's events


def _escalated(kit: Kit) -> tuple[str, str]:
    """The two deliveries of a job that was escalated, to one receiver."""
    kit.listen()
    job_id = kit.submit(kit.open(), settled=SETTLED)
    kit.outbox.fan_out(job_id)
    assert [delivery.type for delivery in kit.deliveries.of_job(job_id, "key_a")] == ESCALATED
    return keys.delivery_id(job_id, 0), keys.delivery_id(job_id, 1)


def test_the_second_event_is_sent_when_the_first_was_taken_and_not_before(kit: Kit) -> None:
    first, second = _escalated(kit)
    assert kit.to_send() == [first]
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.to_send() == [first]
    assert kit.errands.claim(second) is None
    kit.deliver(first)
    assert kit.to_send() == [second]
    kit.deliver(second)
    assert kit.to_send() == []


def test_the_second_event_waits_for_every_retry_of_the_first(kit: Kit) -> None:
    first, second = _escalated(kit)
    for _ in range(4):
        assert kit.to_send() == [first]
        kit.deliver(first, 500)
        kit.outbox.pump()
        assert kit.to_send() == []
        kit.end_pause_of_receivers()
        kit.outbox.pump()
    kit.deliver(first)
    assert kit.to_send() == [first, second]


def test_the_second_event_is_kept_as_long_as_the_first_is_retried(kit: Kit) -> None:
    first, second = _escalated(kit)
    kit.redis.pexpire(keys.delivery(second), 60_000)
    kit.deliver(first, 500)
    assert kit.redis.pttl(keys.delivery(second)) > 1000 * sum(kit.settings.webhook_retry_seconds)


@pytest.mark.parametrize("reason", ["exhausted", "endpoint_disabled", "gone"])
def test_the_second_event_follows_a_first_that_was_given_up(kit: Kit, reason: str) -> None:
    first, second = _escalated(kit)
    kit.to_send()
    attempt = None if reason == "endpoint_disabled" else attempted()
    assert kit.errands.give_up(kit.take(first), reason, attempt)
    assert kit.to_send() == [second]


def test_a_lost_worker_does_not_let_the_second_event_go_first(kit: Kit) -> None:
    first, second = _escalated(kit)
    kit.to_send()
    dead = kit.take(first)
    kit.end_lease_of_delivery(first)
    kit.outbox.pump()
    assert kit.to_send() == [first]
    kit.deliver(first)
    assert kit.to_send() == [second]
    assert not kit.errands.delivered(dead, attempted(200), b"")
    assert kit.to_send() == []


def test_receivers_do_not_wait_for_each_other(kit: Kit) -> None:
    for number in range(2):
        kit.listen(url=f"https://receiver-{number}.example/")
    job_id = kit.submit(kit.open(), settled=SETTLED)
    kit.outbox.fan_out(job_id)
    slow, quick = keys.delivery_id(job_id, 0), keys.delivery_id(job_id, 2)
    assert kit.to_send() == [slow, quick]
    kit.take(slow)
    kit.deliver(quick)
    assert kit.to_send() == [keys.delivery_id(job_id, 3)]


def test_sending_the_first_event_again_leaves_the_pause_of_the_second_as_it_was(kit: Kit) -> None:
    first, second = _escalated(kit)
    kit.deliver(first)
    kit.deliver(second, 500, delay_ms=3_600_000)
    next_at = kit.of(second).next_attempt_at
    kit.to_send()
    assert kit.deliveries.replay(kit.of(first))
    kit.deliver(first)
    kit.outbox.pump()
    assert kit.to_send() == [first]
    assert kit.of(second).next_attempt_at == next_at


# The messages


def test_messages_carry_one_id_and_neither_address_nor_text(kit: Kit) -> None:
    kit.listen(url="https://plainly-known.example/hook", description="plainly-known")
    kit.end(kit.open(), text="plainly-said", webhook={"url": BARE})
    raw = b"".join(kit.redis.lrange(keys.DELIVERIES, 0, -1))
    assert len(kit.messages(keys.DELIVERIES)) == 3
    assert b"plainly" not in raw
    assert b"http" not in raw
    for message in map(json.loads, kit.redis.lrange(keys.DELIVERIES, 0, -1)):
        [[identifier], options, _] = json.loads(message["body"])
        assert options == {}
        assert identifier.startswith("dlv_" if message["headers"]["task"] == DELIVER else "job_")


def test_every_message_about_a_delivery_has_a_tag_of_its_own(kit: Kit) -> None:
    kit.listen()
    kit.end(kit.open())
    for _ in range(3):
        kit.end_pause_of_receivers()
        kit.outbox.pump()
    tags = {json.loads(raw)["properties"]["delivery_tag"] for raw in kit.redis.lrange(keys.DELIVERIES, 0, -1)}
    assert len(tags) == 5  # the fan-out, and four times the delivery


def test_a_sample_goes_to_its_endpoint_and_belongs_to_no_job(kit: Kit) -> None:
    endpoint = kit.listen(events=["job.failed", "job.completed"])
    kit.listen(url="https://other.example/")
    delivery_id = kit.outbox.sample(endpoint)
    assert kit.to_send() == [delivery_id]
    errand = kit.deliver(delivery_id, answer=b"hello")
    assert (errand.url, errand.type, errand.status, errand.job_id) == (endpoint.url, "job.failed", "failed", "")
    delivery = kit.of(delivery_id)
    assert (delivery.job_id, delivery.session_id, delivery.status) == (None, None, "delivered")
    assert [attempt.answer for attempt in delivery.attempts] == ["hello"]


def test_a_disabled_endpoint_can_be_tried_out(kit: Kit) -> None:
    endpoint = kit.listen()
    kit.endpoints.update(endpoint, {"enabled": False})
    assert kit.take(kit.outbox.sample(endpoint)).url == endpoint.url


def test_a_fan_out_or_sample_sent_twice_by_the_client_library_happens_once(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = kit.listen()
    job_id = kit.submit(kit.open())
    kit.run(job_id)
    send_scripts_twice(monkeypatch)
    kit.outbox.fan_out(job_id)
    sample = kit.outbox.sample(endpoint)
    assert kit.to_send() == [keys.delivery_id(job_id, 0), sample]
    assert kit.redis.zcard(keys.deliveries_of("key_a")) == 2
