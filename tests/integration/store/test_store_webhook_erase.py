"""Erasing leaves nothing that webhooks know; expiry leaves what is on its way, and that ends too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import keys
from store.delivery_scripts import SLOTS_OF_A_RECEIVER
from store.errands import Errand
from store.scripts import Scripts
from store.sessions import Session
from store.submission import Settled
from tests.integration.ledger_kit import Kit, attempted

URL = "https://bare.example/hook"
SETTLED = Settled("escalated", "Please call 911 now.", [])
Erase = Callable[[Kit, Session, str], dict[str, int] | None]


def _session(kit: Kit, session: Session, job_id: str) -> dict[str, int] | None:
    return kit.sessions.erase(session.id, "key_a")


def _job(kit: Kit, session: Session, job_id: str) -> dict[str, int] | None:
    return kit.jobs.erase(kit.job(job_id), kit.again(session))


either_way = pytest.mark.parametrize("erase", [_session, _job], ids=["session", "job"])


def _left(kit: Kit, job_id: str) -> list[bytes]:
    """What names the job or one of its deliveries; the id of a job is the beginning of that of its deliveries."""
    mark = job_id.removeprefix("job_").encode()
    return [key for key in kit.redis.scan_iter() if mark in key or mark in repr(kit.members(key)).encode()]


@either_way
def test_erasing_removes_deliveries_at_every_step_of_their_way(kit: Kit, erase: Erase) -> None:
    """Delivered, in a worker's hands, waiting for a retry, behind another one, and waiting for a slot."""
    session, other = kit.open(), kit.open()
    for _ in range(SLOTS_OF_A_RECEIVER):
        kit.end(other, webhook={"url": URL})
    for number in range(3):
        kit.listen(url=f"https://receiver-{number}.example/")
    job_id = kit.submit(session, settled=SETTLED, webhook={"url": URL})
    kit.outbox.fan_out(job_id)
    kit.deliver(keys.delivery_id(job_id, 0))
    kit.take(keys.delivery_id(job_id, 2))
    kit.deliver(keys.delivery_id(job_id, 4), 500, b"no")
    assert kit.errands.claim(keys.delivery_id(job_id, 6)) is None
    assert len(_left(kit, job_id)) > 8
    receipt = erase(kit, session, job_id)
    assert receipt is not None
    assert receipt["deliveries"] == 8
    assert _left(kit, job_id) == []
    assert {
        delivery.session_id for delivery in kit.deliveries.list("key_a", status=None, limit=99, cursor=None)[0]
    } == {other.id}


@either_way
def test_erasing_before_the_fan_out_lets_nobody_hear_of_it(kit: Kit, erase: Erase) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.submit(session)
    kit.run(job_id)
    receipt = erase(kit, session, job_id)
    assert receipt is not None
    assert receipt["deliveries"] == 0
    assert _left(kit, job_id) == []
    before = kit.dump()
    assert kit.outbox.fan_out(job_id) == 0
    kit.outbox.pump()
    assert kit.dump() == before
    assert kit.to_send() == []


@either_way
def test_a_fan_out_that_began_before_the_erasure_writes_nothing_after_it(
    kit: Kit, erase: Erase, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.submit(session, webhook={"url": URL})
    kit.run(job_id)
    _once_before(monkeypatch, "fan_out", lambda: erase(kit, session, job_id))
    assert kit.outbox.fan_out(job_id) == 0
    assert _left(kit, job_id) == []
    assert kit.to_send() == []


@either_way
def test_a_fan_out_between_look_and_erasure_is_erased_too(
    kit: Kit, erase: Erase, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.submit(session, webhook={"url": URL})
    kit.run(job_id)
    _once_before(monkeypatch, "erase" if erase is _session else "erase_job", lambda: kit.outbox.fan_out(job_id))
    receipt = erase(kit, session, job_id)
    assert receipt is not None
    assert receipt["deliveries"] == 2
    assert _left(kit, job_id) == []


def _once_before(monkeypatch: pytest.MonkeyPatch, script: str, action: Callable[[], object]) -> None:
    run = Scripts.run
    waiting = [action]

    def hooked(self: Scripts, name: str, *arguments: Any) -> Any:
        if name == script and waiting:
            waiting.pop()()
        return run(self, name, *arguments)

    monkeypatch.setattr(Scripts, "run", hooked)


@either_way
@pytest.mark.parametrize("script", ["claim_delivery", "replay_delivery"])
def test_an_erasure_between_look_and_claim_or_replay_stays_one(
    kit: Kit, erase: Erase, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.end(session)
    delivery_id = keys.delivery_id(job_id, 0)
    if script == "replay_delivery":
        kit.deliver(delivery_id)
    kit.to_send()
    delivery = kit.of(delivery_id)
    _once_before(monkeypatch, script, lambda: erase(kit, session, job_id))
    if script == "replay_delivery":
        assert not kit.deliveries.replay(delivery)
    else:
        assert kit.errands.claim(delivery_id) is None
    assert _left(kit, job_id) == []
    assert kit.to_send() == []


SETTLEMENTS: dict[str, Callable[[Kit, Errand], bool]] = {
    "delivered": lambda kit, errand: kit.errands.delivered(errand, attempted(200), b"thanks"),
    "retry": lambda kit, errand: kit.errands.retry(errand, attempted(), b"no", delay_ms=0),
    "gone": lambda kit, errand: kit.errands.give_up(errand, "gone", attempted(410), b"no"),
}


@either_way
@pytest.mark.parametrize("how", SETTLEMENTS)
def test_a_worker_that_holds_an_erased_delivery_writes_nothing(kit: Kit, erase: Erase, how: str) -> None:
    endpoint = kit.listen()
    session = kit.open()
    job_id = kit.submit(session, settled=SETTLED)
    kit.outbox.fan_out(job_id)
    errand = kit.take(keys.delivery_id(job_id, 0))
    erase(kit, session, job_id)
    before = kit.dump()
    assert not SETTLEMENTS[how](kit, errand)
    assert kit.dump() == before
    assert kit.endpoints.get(endpoint.id) == endpoint
    for number in range(2):
        assert kit.errands.claim(keys.delivery_id(job_id, number)) is None
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert _left(kit, job_id) == []
    assert not kit.redis.exists(keys.RECEIVERS)


def test_deliveries_of_other_jobs_and_sessions_stay(kit: Kit) -> None:
    kit.listen()
    session, other = kit.open(), kit.open()
    erased, kept, elsewhere = kit.end(session), kit.end(session), kit.end(other)
    unfanned = kit.submit(session)
    kit.run(unfanned)
    kit.jobs.erase(kit.job(erased), kit.again(session))
    assert [len(kit.deliveries.of_job(job_id, "key_a")) for job_id in (erased, kept, elsewhere)] == [0, 1, 1]
    assert kit.outbox.fan_out(unfanned) == 1
    receipt = kit.sessions.erase(session.id)
    assert receipt is not None
    assert receipt["deliveries"] == 2
    listed, _ = kit.deliveries.list("key_a", status=None, limit=100, cursor=None)
    assert [delivery.job_id for delivery in listed] == [elsewhere]


def test_a_full_server_can_still_be_erased_from_when_deliveries_are_on_their_way(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.end(session)
    [limit] = kit.redis.config_get("maxmemory").values()
    kit.redis.config_set("maxmemory", "1")
    try:
        receipt = kit.sessions.erase(session.id)
    finally:
        kit.redis.config_set("maxmemory", limit)
    assert receipt is not None
    assert receipt["deliveries"] == 1
    assert _left(kit, job_id) == []


def test_the_sweep_leaves_what_is_on_its_way_and_that_can_still_be_sent(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    told = kit.end(session)
    untold = kit.submit(session, webhook={"url": URL})
    kit.run(untold)
    kit.end_session(session)
    assert kit.sessions.sweep() == 1
    assert kit.outbox.fan_out(untold) == 2
    assert kit.redis.zcard(keys.OUTBOX) == 0
    for job_id, count in ((told, 1), (untold, 2)):
        for number in range(count):
            errand = kit.deliver(keys.delivery_id(job_id, number))
            assert (errand.session_id, errand.status, errand.outcome) == (session.id, "completed", "answered")
    statuses = {delivery.status for job in (told, untold) for delivery in kit.deliveries.of_job(job, "key_a")}
    assert statuses == {"delivered"}


def test_whatever_webhooks_keep_ends_by_itself_after_the_schedule_except_endpoints_and_secrets(kit: Kit) -> None:
    endpoint = kit.listen()
    kit.endpoints.signing_secret("key_a", "whsec_fresh")
    job_id = kit.submit(kit.open(), settled=SETTLED, webhook={"url": URL})
    kit.outbox.fan_out(job_id)
    sample = kit.outbox.sample(endpoint)
    kit.deliver(sample, 500, b"no")
    kit.deliver(keys.delivery_id(job_id, 0))
    kit.deliver(keys.delivery_id(job_id, 1), 500)
    kit.deliver(keys.delivery_id(job_id, 2), 500)
    hashes = [key.decode() for key in kit.redis.scan_iter("rr:*", _type="hash")]
    for_ever = {key for key in hashes if kit.redis.pexpiretime(key) < 0}
    assert for_ever == {keys.endpoint(endpoint.id), keys.signing("key_a")}
    schedule_ms = 1000 * sum(kit.settings.webhook_retry_seconds)
    about = [keys.webhook_event(job_id), *(key for key in hashes if key.startswith("rr:delivery:"))]
    assert len(about) == 6
    for key in about:
        assert schedule_ms < kit.redis.pttl(key) < schedule_ms * 2 + (kit.settings.session_max_hours + 1) * 3_600_000
