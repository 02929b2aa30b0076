from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import engine, keys
from store.hold import Hold, JobLost
from store.job_errors import INTERNAL
from store.ledger import Word
from tests.integration.ledger_kit import Kit


def test_a_claim_starts_the_job_and_counts_an_attempt(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    hold = kit.claim(job_id)
    assert (hold.fence, hold.attempt, hold.type) == (1, 1, "message")
    assert 590 < hold.seconds_left() <= 600
    job = kit.job(job_id)
    assert (job.status, job.attempts) == ("in_progress", 1)
    assert job.started_at is not None
    assert hold.queued_ms == job.started_at - job.created_at >= 0


def test_a_second_claim_is_refused_while_the_lease_lives(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.claim(job_id)
    before = kit.dump()
    assert kit.ledger.claim(job_id) is None
    assert kit.dump() == before


def test_of_many_claims_at_once_one_succeeds(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    with ThreadPoolExecutor(10) as pool:
        holds = list(pool.map(lambda _: kit.ledger.claim(job_id), range(10)))
    assert sum(hold is not None for hold in holds) == 1
    assert kit.job(job_id).attempts == 1


@pytest.mark.parametrize("end", ["commit", "fail", "cancel", "erase"])
def test_a_duplicate_message_of_a_job_that_is_over_changes_nothing(kit: Kit, end: str) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    hold = kit.claim(job_id)
    if end == "commit":
        kit.commit(hold)
    elif end == "fail":
        hold.fail(INTERNAL)
    elif end == "cancel":
        kit.cancel(job_id)
        hold.acknowledge_cancel()
    else:
        kit.sessions.erase(session.id)
    before = kit.dump()
    assert kit.ledger.claim(job_id) is None
    assert kit.dump() == before


@pytest.mark.parametrize("job_id", ["", "nonsense", "job_x_1", f"job_{'0' * 32}_1", f"job_{'0' * 32}_1\n"])
def test_a_message_about_an_unknown_job_changes_nothing(kit: Kit, job_id: str) -> None:
    assert kit.ledger.claim(job_id) is None
    assert kit.dump() == {}


def test_a_lease_that_ran_out_can_be_claimed_by_a_duplicate_message(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.claim(job_id)
    kit.end_lease(job_id)
    again = kit.claim(job_id)
    assert (again.fence, again.attempt) == (2, 2)


WRITES: dict[str, Callable[[Kit, Hold], None]] = {
    "stage": lambda kit, hold: hold.progress(stage="generating"),
    "event": lambda kit, hold: hold.progress(event={"type": "token", "data": {"text": "stale"}}),
    "transcript": lambda kit, hold: hold.progress(transcript={"text": "stale"}, calls=1),
    "speech": lambda kit, hold: hold.progress(speech=b"ID3"),
    "commit": lambda kit, hold: kit.commit(hold),
    "fail": lambda kit, hold: hold.fail(INTERNAL),
    "release": lambda kit, hold: hold.release(delay_ms=1000, waiting_for="model", refund=True),
}


def _reclaimed(kit: Kit, job_id: str) -> None:
    kit.end_lease(job_id)
    kit.claim(job_id)


def _requeued(kit: Kit, job_id: str) -> None:
    kit.end_lease(job_id)
    assert kit.ledger.reap() == {"dispatched": 1}


def _committed_by_another(kit: Kit, job_id: str) -> None:
    kit.end_lease(job_id)
    kit.run(job_id)


def _expired(kit: Kit, job_id: str) -> None:
    kit.end_deadline(job_id)
    assert kit.ledger.reap() == {"expired": 1}


def _erased(kit: Kit, job_id: str) -> None:
    assert kit.sessions.erase(keys.session_of(job_id) or "")


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lose", [_reclaimed, _requeued, _committed_by_another, _expired, _erased])
def test_an_old_holder_can_write_nothing_any_more(kit: Kit, lose: Callable[[Kit, str], None], write: str) -> None:
    session = kit.open()
    job_id, _ = kit.submit(session), kit.submit(session)
    old = kit.claim(job_id)
    lose(kit, job_id)
    before = kit.dump()
    with pytest.raises(JobLost):
        WRITES[write](kit, old)
    old.acknowledge_cancel()
    assert kit.ledger.renew([old]) == [Word.LOST]
    assert kit.dump() == before


def test_a_holder_that_committed_cannot_commit_again(kit: Kit) -> None:
    hold = kit.claim(kit.submit(kit.open()))
    kit.commit(hold)
    before = kit.dump()
    with pytest.raises(JobLost):
        kit.commit(hold)
    assert kit.dump() == before


def test_one_heartbeat_renews_what_is_held_and_names_what_is_not(kit: Kit) -> None:
    running, cancelled, lost = (kit.submit(kit.open()) for _ in range(3))
    holds = [kit.claim(job_id) for job_id in (running, cancelled, lost)]
    kit.cancel(cancelled)
    _reclaimed(kit, lost)
    for job_id in (running, cancelled):
        kit.redis.zadd(keys.LEASES, {job_id: 1})
    assert kit.ledger.renew(holds) == [Word.OK, Word.CANCEL, Word.LOST]
    assert kit.ledger.reap() == {}
    now_ms = int(kit.redis.time()[0]) * 1000
    assert now_ms < float(kit.redis.hget(keys.job(running), "lease_until")) <= now_ms + 1000 + engine.LEASE_MS
    assert kit.ledger.renew([]) == []


def test_a_lease_that_ran_out_is_still_ours_while_nobody_took_it(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    hold = kit.claim(job_id)
    kit.end_lease(job_id)
    assert kit.ledger.renew([hold]) == [Word.OK]
    assert kit.ledger.claim(job_id) is None
    kit.commit(hold)
    assert kit.job(job_id).status == "completed"
