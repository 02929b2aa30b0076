from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import engine, keys
from tests.integration.ledger_kit import Kit, wait_for


def _next_dispatch_in_ms(kit: Kit, job_id: str) -> float:
    seconds, microseconds = kit.redis.time()
    return float(kit.redis.zscore(keys.DISPATCH, job_id)) - float(seconds * 1000 + microseconds / 1000)


def test_a_job_whose_worker_died_is_sent_out_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LEASE_MS", 30)
    job_id = kit.submit(kit.open())
    kit.claim(job_id)
    wait_for(lambda: kit.ledger.reap() == {"dispatched": 1})
    assert (kit.job(job_id).status, kit.job(job_id).stage) == ("queued", None)
    assert kit.messages() == [job_id, job_id]
    assert kit.claim(job_id).attempt == 2


def test_a_job_whose_lease_lives_is_left_alone(kit: Kit) -> None:
    kit.claim(kit.submit(kit.open()))
    before = kit.dump()
    assert kit.ledger.reap() == {}
    assert kit.dump() == before


def test_reaping_twice_does_what_reaping_once_did(kit: Kit) -> None:
    lost, overdue, unclaimed = (kit.submit(kit.open()) for _ in range(3))
    kit.claim(lost)
    kit.end_lease(lost)
    kit.end_deadline(overdue)
    kit.end_dispatch_interval(unclaimed)
    assert kit.ledger.reap() == {"dispatched": 2, "expired": 1}
    before = kit.dump()
    assert kit.ledger.reap() == {}
    assert kit.dump() == before


@pytest.mark.parametrize(("index", "claimed"), [(keys.LEASES, True), (keys.DEADLINES, True), (keys.DEADLINES, False)])
def test_a_reaper_with_an_old_list_does_no_harm(kit: Kit, index: str, claimed: bool) -> None:
    job_id = kit.submit(kit.open())
    if claimed:
        kit.claim(job_id)
    kit.redis.zadd(index, {job_id: 1})  # due when another reaper read it, and looked after meanwhile
    before = kit.dump()
    assert kit.ledger.reap() == {"held" if claimed else "early": 1}
    assert kit.dump() == before


def test_many_reapers_at_once_send_each_job_out_once(kit: Kit) -> None:
    lost = [kit.submit(kit.open()) for _ in range(20)]
    for job_id in lost:
        kit.claim(job_id)
        kit.end_lease(job_id)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(kit.ledger.reap) for _ in range(8)]:
            done.result()
    assert sorted(kit.messages()) == sorted(lost * 2)


def test_the_last_attempt_that_dies_ends_the_job(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(job_max_attempts=2)
    session = kit.open()
    job_id, following = kit.submit(session), kit.submit(session)
    for outcome in ({"dispatched": 1}, {"failed": 1}):
        kit.claim(job_id)
        kit.end_lease(job_id)
        assert kit.ledger.reap() == outcome
    job = kit.job(job_id)
    assert (job.status, job.attempts) == ("failed", 2)
    assert job.error is not None
    assert (job.error.code, job.error.retryable) == ("attempts_exhausted", True)
    assert following in kit.messages()


def test_a_duplicate_message_cannot_start_one_attempt_too_many(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(job_max_attempts=1)
    job_id = kit.submit(kit.open())
    kit.claim(job_id)
    kit.end_lease(job_id)
    assert kit.ledger.claim(job_id) is None
    job = kit.job(job_id)
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error is not None
    assert job.error.code == "attempts_exhausted"


@pytest.mark.parametrize("state", ["waiting in line", "queued", "in progress", "cancelling"])
def test_a_job_past_its_deadline_expires_whatever_it_was_doing(kit: Kit, state: str) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    if state == "waiting in line":
        job_id = kit.submit(session)
    elif state != "queued":
        kit.claim(job_id)
    if state == "cancelling":
        kit.cancel(job_id)
    kit.end_deadline(job_id)
    assert kit.ledger.reap() == {"expired": 1}
    job = kit.job(job_id)
    assert (job.status, job.stage, job.output) == ("expired", None, None)
    assert job.error is not None
    assert job.error.code == "deadline_passed"
    assert job_id not in kit.line(session)
    assert kit.history.read(session) == []


@pytest.mark.parametrize("notice", ["reaper", "worker"])
def test_a_job_that_waited_for_the_model_expires_for_that_reason(kit: Kit, notice: str) -> None:
    job_id = kit.submit(kit.open())
    kit.claim(job_id).release(delay_ms=60_000, waiting_for="model", refund=True)
    kit.end_deadline(job_id)
    if notice == "reaper":
        kit.ledger.reap()
    else:
        assert kit.ledger.claim(job_id) is None
    job = kit.job(job_id)
    assert job.status == "expired"
    assert job.error is not None
    assert job.error.code == "model_unavailable"


def test_a_job_that_the_model_took_up_again_expires_for_its_deadline(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.claim(job_id).release(delay_ms=0, waiting_for="model", refund=True)
    kit.claim(job_id)
    kit.end_deadline(job_id)
    kit.ledger.reap()
    error = kit.job(job_id).error
    assert error is not None
    assert error.code == "deadline_passed"


def test_an_overdue_job_is_not_started_by_a_late_message(kit: Kit) -> None:
    session = kit.open()
    job_id, following = kit.submit(session), kit.submit(session)
    kit.end_deadline(job_id)
    assert kit.ledger.claim(job_id) is None
    assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("expired", 0)
    assert following in kit.messages()


def test_an_unclaimed_message_is_sent_again_at_doubling_intervals(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    intervals = [_next_dispatch_in_ms(kit, job_id)]
    for _ in range(8):
        kit.end_dispatch_interval(job_id)
        assert kit.ledger.reap() == {"dispatched": 1}
        intervals.append(_next_dispatch_in_ms(kit, job_id))
    seconds = [round(interval / 1000) for interval in intervals]
    assert seconds == [10, 20, 40, 80, 160, 320, 640, 640, 640]
    assert len(kit.messages()) == 9
    assert kit.claim(job_id).attempt == 1


def test_jobs_that_wait_in_line_have_no_message_and_get_none(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    session = kit.open()
    head, _, _ = kit.submit(session), kit.submit(session), kit.submit(kit.open())
    assert kit.redis.zrange(keys.DISPATCH, 0, -1) == [head.encode()]
    kit.end_dispatch_interval(head)
    kit.ledger.reap()
    assert kit.messages() == [head, head]


def test_a_message_that_redis_lost_is_sent_again(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.redis.delete(keys.MESSAGES)
    kit.end_dispatch_interval(job_id)
    kit.ledger.reap()
    assert kit.messages() == [job_id]


def test_what_the_reaper_knows_no_record_of_is_forgotten(kit: Kit) -> None:
    unknown = keys.job_id("sess_" + "0" * 32, 1)
    for index in (keys.LEASES, keys.DISPATCH, keys.DEADLINES):
        kit.redis.zadd(index, {unknown: 1})
    assert kit.ledger.reap() == {"forgotten": 1}
    assert kit.dump() == {}


def test_a_released_job_keeps_its_place_and_slot_and_comes_back_later(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    session = kit.open()
    job_id, _, other = kit.submit(session), kit.submit(session), kit.submit(kit.open())
    hold = kit.claim(job_id)
    hold.progress(stage="generating")
    hold.release(delay_ms=60_000, waiting_for="model", refund=True)
    job = kit.job(job_id)
    assert (job.status, job.stage, job.attempts) == ("queued", None, 0)
    assert kit.line(session)[0] == job_id
    assert other not in kit.messages()
    assert 55_000 < _next_dispatch_in_ms(kit, job_id) <= 60_000
    assert kit.ledger.reap() == {}
    kit.end_dispatch_interval(job_id)
    assert kit.ledger.reap() == {"dispatched": 1}
    again = kit.claim(job_id)
    assert (again.attempt, again.fence, again.waits) == (1, 2, 1)
    kit.commit(again)
    assert other in kit.messages()


def test_a_release_without_refund_counts_the_attempt(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(job_max_attempts=1)
    job_id = kit.submit(kit.open())
    kit.claim(job_id).release(delay_ms=0, waiting_for="", refund=False)
    assert kit.job(job_id).attempts == 1
    assert kit.ledger.claim(job_id) is None
    assert kit.job(job_id).status == "failed"


def test_a_job_that_never_finds_the_model_never_runs_out_of_attempts(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(job_max_attempts=1)
    job_id = kit.submit(kit.open())
    for waits in range(5):
        hold = kit.claim(job_id)
        assert hold.waits == waits
        hold.release(delay_ms=0, waiting_for="model", refund=True)
    kit.run(job_id)
    assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("completed", 1)
