from __future__ import annotations

import pytest

from store.hold import JobCancelled
from store.job_errors import INTERNAL
from store.ledger import Word
from tests.integration.ledger_kit import Kit


def test_a_queued_job_is_cancelled_at_once_and_the_next_one_runs(kit: Kit) -> None:
    session = kit.open()
    job_id, following = kit.submit(session), kit.submit(session)
    assert kit.cancel(job_id) == "queued"
    job = kit.job(job_id)
    assert (job.status, job.started_at, job.error) == ("cancelled", None, None)
    assert job.completed_at is not None
    assert following in kit.messages()
    assert kit.ledger.claim(job_id) is None


def test_the_holder_of_a_running_job_hears_of_the_cancel_at_its_next_step(kit: Kit) -> None:
    session = kit.open()
    job_id, following = kit.submit(session), kit.submit(session)
    hold = kit.claim(job_id)
    assert kit.cancel(job_id) == "in_progress"
    assert kit.job(job_id).status == "cancelling"
    assert kit.ledger.renew([hold]) == [Word.CANCEL]
    with pytest.raises(JobCancelled):
        hold.progress(stage="generating", event={"type": "token"})
    assert kit.job(job_id).status == "cancelling"
    assert following not in kit.messages()
    hold.acknowledge_cancel()
    assert (kit.job(job_id).status, kit.job(job_id).error) == ("cancelled", None)
    assert following in kit.messages()


@pytest.mark.parametrize("end", ["commit", "fail", "release"])
def test_a_cancel_that_came_before_the_end_wins(kit: Kit, end: str) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    with pytest.raises(JobCancelled):
        if end == "commit":
            kit.commit(hold)
        elif end == "fail":
            hold.fail(INTERNAL)
        else:
            hold.release(delay_ms=0, waiting_for="model", refund=True)
    job = kit.job(job_id)
    assert (job.status, job.output, job.outcome, job.error) == ("cancelled", None, None, None)
    assert kit.history.read(session) == []
    assert kit.again(session).state is None
    assert kit.line(session) == []


def test_cancelling_is_idempotent(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    hold = kit.claim(job_id)
    assert [kit.cancel(job_id), kit.cancel(job_id)] == ["in_progress", "cancelling"]
    hold.acknowledge_cancel()
    before = kit.dump()
    assert [kit.cancel(job_id), kit.cancel(job_id)] == ["cancelled", "cancelled"]
    assert kit.dump() == before


def test_a_job_that_is_over_cannot_be_cancelled(kit: Kit) -> None:
    done, failed = kit.submit(kit.open()), kit.submit(kit.open())
    kit.run(done)
    kit.claim(failed).fail(INTERNAL)
    before = kit.dump()
    assert [kit.cancel(done), kit.cancel(failed)] == ["completed", "failed"]
    assert kit.dump() == before


def test_a_job_of_an_erased_session_is_gone(kit: Kit) -> None:
    session = kit.open()
    job = kit.job(kit.submit(session))
    kit.sessions.erase(session.id)
    before = kit.dump()
    assert kit.jobs.cancel(job, session) == "gone"
    assert kit.dump() == before


@pytest.mark.parametrize("notice", ["reaper", "duplicate message", "second cancel"])
def test_a_cancel_is_completed_when_the_worker_died_before_it_heard(kit: Kit, notice: str) -> None:
    session = kit.open()
    job_id, following = kit.submit(session), kit.submit(session)
    kit.claim(job_id)
    kit.cancel(job_id)
    kit.end_lease(job_id)
    if notice == "reaper":
        assert kit.ledger.reap() == {"cancelled": 1}
    elif notice == "duplicate message":
        assert kit.ledger.claim(job_id) is None
    else:
        kit.cancel(job_id)
    assert kit.job(job_id).status == "cancelled"
    assert following in kit.messages()
    assert kit.history.read(session) == []


def test_a_job_that_waits_for_the_model_is_cancelled_at_once(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.claim(job_id).release(delay_ms=60_000, waiting_for="model", refund=True)
    assert kit.cancel(job_id) == "queued"
    assert kit.job(job_id).status == "cancelled"


def test_the_receipt_of_a_cancel_counts_what_every_attempt_had_cost(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    first = kit.claim(job_id)
    first.spent = (100, 7)
    first.progress(stage="generating")
    kit.end_lease(job_id)
    kit.ledger.reap()
    second = kit.claim(job_id)
    second.spent = (100, 0)
    second.progress(stage="generating")

    kit.cancel(job_id)
    receipt = kit.job(job_id).cancel
    assert receipt is not None
    assert (receipt["stage"], receipt["tokens_billed"]) == ("generating", {"input_tokens": 200, "output_tokens": 7})
    second.spent = (100, 4)  # what came in until the worker heard of it
    second.acknowledge_cancel()

    receipt = kit.job(job_id).cancel
    assert receipt is not None
    assert receipt["tokens_billed"] == {"input_tokens": 200, "output_tokens": 11}


def test_a_job_cancelled_in_its_line_cost_nothing(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    kit.cancel(job_id)

    receipt = kit.job(job_id).cancel
    assert receipt is not None
    assert (receipt["stage"], receipt["tokens_billed"]) == (None, {"input_tokens": 0, "output_tokens": 0})
    assert kit.job(job_id).usage is None
