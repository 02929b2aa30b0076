"""The ledger of deliveries as their owner sees it, and sending one again."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Settings
from local.valkey import running
from store import keys
from store.client import connect
from store.crypto import SealError, Vault
from tests.integration.ledger_kit import LONG_AGO, Kit, attempted, send_scripts_twice

WORDS = [b"plainly-answered", b"plainly-addressed", b"plainly-described", b"whsec_plainly"]
UNKNOWN = f"dlv_{'0' * 32}_1_0"


def _ended(kit: Kit, status: str) -> str:
    """A delivery to a bare URL that came to this end."""
    delivery_id = keys.delivery_id(kit.end(kit.open(), webhook={"url": "https://receiver.example/"}), 0)
    if status == "delivered":
        kit.deliver(delivery_id)
    elif status == "failed":
        kit.errands.give_up(kit.take(delivery_id), "exhausted", attempted(), b"no")
    return delivery_id


# What an owner sees


def test_a_delivery_is_its_owners_alone(kit: Kit) -> None:
    delivery_id = _ended(kit, "failed")
    job_id = kit.of(delivery_id).job_id or ""
    assert kit.deliveries.get(delivery_id, "key_b") is None
    assert kit.deliveries.get(UNKNOWN, "key_a") is None
    assert kit.deliveries.of_job(job_id, "key_b") == []
    assert kit.deliveries.list("key_b", status=None, limit=10, cursor=None) == ([], None)


def test_a_list_of_deliveries_is_paged_newest_first_and_by_status(kit: Kit) -> None:
    made = [_ended(kit, status) for status in ("failed", "delivered", "failed", "pending", "failed")]
    newest_first = made[::-1]
    everything, more = kit.deliveries.list("key_a", status=None, limit=100, cursor=None)
    assert ([delivery.id for delivery in everything], more) == (newest_first, None)
    for status, expected in (("failed", [made[4], made[2], made[0]]), ("pending", [made[3]]), (None, newest_first)):
        listed: list[str] = []
        cursor = None
        while True:
            page, cursor = kit.deliveries.list("key_a", status=status, limit=2, cursor=cursor)
            listed += [delivery.id for delivery in page]
            if cursor is None:
                break
            assert len(page) == 2
        assert listed == expected


def test_the_order_of_many_deliveries_of_one_job_is_that_in_which_they_were_made(kit: Kit) -> None:
    for number in range(15):
        kit.listen(url=f"https://receiver-{number}.example/")
    job_id = kit.end(kit.open())
    ids = [delivery.id for delivery in kit.deliveries.of_job(job_id, "key_a")]
    assert ids == [keys.delivery_id(job_id, number) for number in range(15)]
    listed, _ = kit.deliveries.list("key_a", status=None, limit=100, cursor=None)
    assert [delivery.id for delivery in listed] == ids[::-1]


def test_a_list_forgets_what_is_older_than_deliveries_are_kept(kit: Kit) -> None:
    kit.redis.zadd(keys.deliveries_of("key_a"), {UNKNOWN: LONG_AGO})
    delivery_id = _ended(kit, "pending")
    assert kit.redis.zrange(keys.deliveries_of("key_a"), 0, -1) == [delivery_id.encode()]


def test_an_answer_can_be_read_as_long_as_the_session_lives(kit: Kit) -> None:
    session = kit.open()
    delivery_id = keys.delivery_id(kit.end(session, webhook={"url": "https://receiver.example/"}), 0)
    kit.deliver(delivery_id, 500, b"plainly-answered")
    assert [attempt.answer for attempt in kit.of(delivery_id).attempts] == ["plainly-answered"]
    kit.end_session(session)
    kit.sessions.sweep()
    [attempt] = kit.of(delivery_id).attempts
    assert (attempt.status, attempt.answer) == (500, None)


def test_an_answer_that_comes_when_the_session_is_over_is_not_kept(kit: Kit) -> None:
    session = kit.open()
    delivery_id = keys.delivery_id(kit.end(session, webhook={"url": "https://receiver.example/"}), 0)
    kit.end_session(session)
    kit.sessions.sweep()
    kit.deliver(delivery_id, 200, b"plainly-answered")
    [attempt] = kit.of(delivery_id).attempts
    assert (attempt.status, attempt.answer) == (200, None)
    assert not kit.redis.hexists(keys.delivery(delivery_id), "answer:1")


def test_no_address_secret_or_answer_reaches_redis(vault: Vault, settings: Settings, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        client = connect(server.url)
        kit = Kit(client, vault, settings)
        url = "https://plainly-addressed.example/"
        endpoint = kit.endpoints.create(
            "key_a", "whsec_plainly", url=url, events=["job.completed"], include_output=True, description=""
        )
        kit.endpoints.update(endpoint, {"description": "plainly-described", "url": url + "moved"})
        kit.endpoints.rotate(endpoint, "whsec_plainly-new")
        kit.endpoints.rotate_signing_secret("key_a", "whsec_plainly-signing")
        job_id = kit.end(kit.open(), webhook={"url": url})
        for number in range(2):
            kit.deliver(keys.delivery_id(job_id, number), 500, b"plainly-answered")
        sample = kit.outbox.sample(endpoint)
        kit.deliver(sample, 200, b"plainly-answered")
        kit.redis.set("control", "plainly-control")
        log = b"".join(file.read_bytes() for file in tmp_path.rglob("*.aof"))
        client.close()
    assert b"plainly-control" in log
    assert sample.encode() in log
    assert [word for word in WORDS if word in log] == []


def test_sealed_values_swapped_between_deliveries_or_endpoints_are_refused(kit: Kit) -> None:
    first, second = (_ended(kit, "pending") for _ in range(2))
    kit.redis.hset(keys.delivery(first), "url", kit.redis.hget(keys.delivery(second), "url"))
    errand = kit.errands.claim(first)
    assert errand
    assert (errand.url, errand.nowhere) == (None, "unreadable")
    one, two = kit.listen(), kit.listen()
    kit.redis.hset(keys.endpoint(one.id), "secret", kit.redis.hget(keys.endpoint(two.id), "secret"))
    with pytest.raises(SealError):
        kit.endpoints.secrets_of(one)


# Sending one again


@pytest.mark.parametrize("status", ["delivered", "failed"])
def test_what_is_over_can_be_sent_again_with_the_same_id_and_a_fresh_schedule(kit: Kit, status: str) -> None:
    kit.listen("key_b")
    delivery_id = keys.delivery_id(kit.end(kit.open("key_b")), 0)
    kit.deliver(delivery_id, 500, delay_ms=0)
    kit.deliver(delivery_id, 500, delay_ms=0)
    if status == "delivered":
        kit.deliver(delivery_id)
    else:
        kit.errands.give_up(kit.take(delivery_id), "exhausted", attempted())
    kit.to_send()
    kit.redis.pexpire(keys.delivery(delivery_id), 60_000)
    assert kit.deliveries.replay(kit.of(delivery_id, "key_b"))
    assert kit.to_send() == [delivery_id]
    again = kit.of(delivery_id, "key_b")
    assert (again.status, again.reason, again.ended_at) == ("pending", None, None)
    assert again.next_attempt_at is not None
    assert kit.redis.pttl(keys.delivery(delivery_id)) > 1000 * sum(kit.settings.webhook_retry_seconds)
    assert kit.deliver(delivery_id).failures == 0
    ended = kit.of(delivery_id, "key_b")
    assert (ended.status, len(ended.attempts), ended.reason) == ("delivered", 4, None)


def test_what_is_still_on_its_way_is_not_sent_again(kit: Kit) -> None:
    delivery_id = _ended(kit, "pending")
    kit.to_send()
    assert not kit.deliveries.replay(kit.of(delivery_id))
    kit.take(delivery_id)
    assert not kit.deliveries.replay(kit.of(delivery_id))
    assert kit.to_send() == []


def test_what_was_erased_meanwhile_is_not_sent_again(kit: Kit) -> None:
    delivery = kit.of(_ended(kit, "delivered"))
    kit.to_send()
    assert delivery.session_id is not None
    kit.sessions.erase(delivery.session_id)
    assert not kit.deliveries.replay(delivery)
    assert kit.to_send() == []
    assert not kit.redis.exists(keys.delivery(delivery.id), keys.deliveries_of("key_a"), keys.RECEIVERS)


def test_a_replay_sent_twice_by_the_client_library_is_one(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = kit.of(_ended(kit, "delivered"))
    kit.to_send()
    send_scripts_twice(monkeypatch)
    assert kit.deliveries.replay(delivery)
    assert kit.to_send() == [delivery.id]


def test_the_worker_of_the_round_before_cannot_settle_what_is_sent_again(kit: Kit) -> None:
    delivery_id = _ended(kit, "pending")
    late = kit.take(delivery_id)
    kit.end_lease_of_delivery(delivery_id)
    kit.outbox.pump()
    kit.deliver(delivery_id)
    assert kit.deliveries.replay(kit.of(delivery_id))
    assert not kit.errands.give_up(late, "exhausted", attempted())
    assert kit.of(delivery_id).status == "pending"
