"""No end of a job without its event, and no event without an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import keys
from store.envelope import FAN_OUT
from store.hold import JobCancelled, JobLost
from store.job_errors import INTERNAL
from store.sessions import Session
from store.submission import Settled, SubmitRefused
from tests.integration.ledger_kit import Kit

URL = "https://receiver.example/hook"
SETTLED = Settled("escalated", "Please call 911 now.", [])
End = Callable[[Kit, Session, dict[str, Any]], str]


def completed(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.run(job_id)
    return job_id


def failed(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.claim(job_id).fail(INTERNAL)
    return job_id


def cancelled_while_queued(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.cancel(job_id)
    return job_id


def cancelled_at_the_commit(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    with pytest.raises(JobCancelled):
        kit.commit(hold)
    return job_id


def cancelled_by_the_worker(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    hold.acknowledge_cancel()
    return job_id


def cancelled_when_given_back(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    with pytest.raises(JobCancelled):
        hold.release(delay_ms=0, waiting_for="model", refund=True)
    return job_id


def cancelled_by_the_reaper(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.claim(job_id)
    kit.cancel(job_id)
    kit.end_lease(job_id)
    assert kit.ledger.reap() == {"cancelled": 1}
    return job_id


def expired_by_the_reaper(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.end_deadline(job_id)
    assert kit.ledger.reap() == {"expired": 1}
    return job_id


def expired_at_the_claim(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.end_deadline(job_id)
    assert kit.ledger.claim(job_id) is None
    return job_id


def attempts_exhausted_at_the_claim(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    for _ in range(kit.settings.job_max_attempts):
        kit.claim(job_id)
        kit.end_lease(job_id)
    assert kit.ledger.claim(job_id) is None
    return job_id


def attempts_exhausted_by_the_reaper(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    for _ in range(kit.settings.job_max_attempts):
        kit.claim(job_id)
        kit.end_lease(job_id)
    assert kit.ledger.reap() == {"failed": 1}
    return job_id


def escalated_as_it_came(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    return kit.submit(session, settled=SETTLED, **more)


def escalated_by_the_worker(kit: Kit, session: Session, more: dict[str, Any]) -> str:
    job_id = kit.submit(session, **more)
    kit.commit(kit.claim(job_id), outcome="escalated")
    return job_id


ENDS: dict[End, tuple[str, str]] = {
    completed: ("completed", "answered"),
    failed: ("failed", ""),
    cancelled_while_queued: ("cancelled", ""),
    cancelled_at_the_commit: ("cancelled", ""),
    cancelled_by_the_worker: ("cancelled", ""),
    cancelled_when_given_back: ("cancelled", ""),
    cancelled_by_the_reaper: ("cancelled", ""),
    expired_by_the_reaper: ("expired", ""),
    expired_at_the_claim: ("expired", ""),
    attempts_exhausted_at_the_claim: ("failed", ""),
    attempts_exhausted_by_the_reaper: ("failed", ""),
    escalated_as_it_came: ("completed", "escalated"),
    escalated_by_the_worker: ("completed", "escalated"),
}


def _nothing_about_webhooks(kit: Kit) -> bool:
    found = [key for key in kit.redis.scan_iter("rr:*") if b"webhook" in key or b"deliver" in key]
    return not found and not kit.redis.exists(keys.OUTBOX, keys.DELIVERIES)


@pytest.mark.parametrize("webhook", [None, {"url": URL}], ids=["a registered endpoint", "the job's own webhook"])
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_every_end_comes_with_its_event_and_a_message(kit: Kit, end: End, webhook: dict[str, str] | None) -> None:
    if webhook is None:
        kit.listen()
    job_id = end(kit, kit.open(), {"webhook": webhook})
    event = kit.redis.hgetall(keys.webhook_event(job_id))
    assert (event[b"status"].decode(), event[b"outcome"].decode()) == ENDS[end]
    assert (event[b"key_id"], event[b"session_id"].decode()) == (b"key_a", keys.session_of(job_id))
    assert int(event[b"at"]) == kit.job(job_id).completed_at
    assert kit.redis.zrange(keys.OUTBOX, 0, -1) == [job_id.encode()]
    assert kit.messages(keys.DELIVERIES, FAN_OUT) == kit.messages(keys.DELIVERIES) == [job_id]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_where_nobody_listens_an_end_writes_nothing_about_webhooks(kit: Kit, end: End) -> None:
    kit.listen("key_b")
    end(kit, kit.open("key_a"), {})
    assert _nothing_about_webhooks(kit)


def test_after_its_last_endpoint_was_deleted_an_api_key_has_no_more_events(kit: Kit) -> None:
    kit.endpoints.delete(kit.listen())
    kit.run(kit.submit(kit.open()))
    assert _nothing_about_webhooks(kit)


def test_a_job_that_has_not_ended_has_no_event(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    job_id = kit.submit(session, webhook={"url": URL})
    hold = kit.claim(job_id)
    hold.progress(stage="generating", event={"type": "token"})
    hold.release(delay_ms=0, waiting_for="model", refund=True)
    kit.claim(job_id)
    kit.cancel(job_id)
    assert kit.job(job_id).status == "cancelling"
    assert _nothing_about_webhooks(kit)


def test_a_worker_that_lost_its_job_writes_no_event(kit: Kit) -> None:
    kit.listen()
    job_id = kit.submit(kit.open(), webhook={"url": URL})
    late = kit.claim(job_id)
    kit.end_lease(job_id)
    current = kit.claim(job_id)
    before = kit.dump()
    with pytest.raises(JobLost):
        kit.commit(late)
    with pytest.raises(JobLost):
        late.fail(INTERNAL)
    assert kit.dump() == before
    kit.commit(current)
    with pytest.raises(JobLost):
        kit.commit(current)
    assert kit.messages(keys.DELIVERIES) == [job_id]


def test_a_job_that_came_twice_or_was_cancelled_again_has_one_event(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    for _ in range(2):
        job_id = kit.submit(session, settled=SETTLED, idempotency_key="k")
    kit.cancel(job_id)
    kit.end_deadline(job_id)
    kit.ledger.reap()
    assert kit.messages(keys.DELIVERIES) == [job_id]


def test_a_refused_job_has_no_event(kit: Kit) -> None:
    kit.listen()
    session = kit.open()
    kit.end_session(session)
    with pytest.raises(SubmitRefused, match="gone"):
        kit.submit(session, settled=SETTLED, webhook={"url": URL})
    assert _nothing_about_webhooks(kit)


def test_the_webhook_of_a_job_is_part_of_what_its_idempotency_key_stands_for(kit: Kit) -> None:
    session = kit.open()
    kit.submit(session, idempotency_key="k", webhook={"url": URL})
    with pytest.raises(SubmitRefused, match="mismatch"):
        kit.submit(session, idempotency_key="k", webhook={"url": URL + "/other"})
