"""Work that stops before its end: a cancel, an erased session, a deadline, the end of the process."""

from __future__ import annotations

import threading

import pytest

from tests.integration.workers.runner_bench import OWNER, Bench, Blocked, in_thread
from tests.integration.workers.scripted import ScriptedCoach
from tests.support.audio_files import encode, tone


def test_a_cancel_between_two_sentences_ends_the_job_without_history(bench: Bench) -> None:
    job_id = bench.submit()
    runner = bench.runner(coach := ScriptedCoach())
    cancelled = threading.Event()

    def cancel() -> None:
        bench.jobs.cancel(bench.job(job_id), bench.session)
        cancelled.set()

    coach.between = cancel
    runner.run(job_id)

    assert cancelled.is_set()
    assert bench.job(job_id).status == "cancelled"
    assert bench.job(job_id).output is None


def test_an_erased_session_stops_the_work_and_nothing_comes_back(bench: Bench) -> None:
    job_id = bench.submit()
    coach = ScriptedCoach(between=bench.erase)

    bench.runner(coach).run(job_id)

    assert bench.sessions.get(bench.session.id) is None
    assert bench.jobs.get(job_id, OWNER) is None


@pytest.mark.parametrize(("stage", "billed"), [("transcribing", (0, 0)), ("generating", (4, 2)), ("speaking", (3, 5))])
def test_a_cancel_ends_the_job_at_once_even_while_a_call_hangs(
    bench: Bench, blocked: Blocked, stage: str, billed: tuple[int, int]
) -> None:
    coach = ScriptedCoach(between=blocked if stage == "generating" else lambda: None)
    if stage == "transcribing":
        bench.speech.transcribe = blocked  # type: ignore[method-assign]
    if stage == "speaking":
        bench.speech.speak = blocked  # type: ignore[method-assign]
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"), speak=True)
    thread = in_thread(lambda: bench.runner(coach).run(job_id))
    assert blocked.began.wait(10)
    assert bench.job(job_id).stage == stage

    bench.jobs.cancel(bench.job(job_id), bench.session)
    thread.join(1.5)

    assert not thread.is_alive()
    job = bench.job(job_id)
    assert (job.status, job.cancel and job.cancel["stage"]) == ("cancelled", stage)
    assert job.cancel and tuple(job.cancel["tokens_billed"].values()) == billed
    assert job.usage and (job.usage["input_tokens"], job.usage["output_tokens"], job.usage["estimated"]) == (
        *billed,
        True,
    )
    blocked.over.set()
    assert bench.history() == []


def test_erasing_while_a_call_hangs_ends_the_work_and_writes_nothing(bench: Bench, blocked: Blocked) -> None:
    job_id = bench.submit()
    thread = in_thread(lambda: bench.runner(ScriptedCoach(between=blocked)).run(job_id))
    assert blocked.began.wait(10)

    bench.erase()
    thread.join(1.5)

    assert not thread.is_alive()
    blocked.over.set()
    assert bench.jobs.get(job_id, OWNER) is None


def test_a_call_that_hangs_ends_at_the_deadline(bench: Bench, blocked: Blocked) -> None:
    job_id = bench.submit(deadline_ms=1000)
    bench.runner(ScriptedCoach(between=blocked)).run(job_id)

    assert bench.ledger.reap() == {"expired": 1}
    assert bench.job(job_id).status == "expired"


def test_what_cannot_be_finished_in_the_grace_time_is_handed_back_and_costs_no_attempt(
    bench: Bench, blocked: Blocked
) -> None:
    job_id = bench.submit()
    runner = bench.runner(ScriptedCoach(between=blocked))
    thread = in_thread(lambda: runner.run(job_id))
    assert blocked.began.wait(10)

    bench.heartbeat.hand_back()
    thread.join(1.5)

    assert not thread.is_alive()
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("queued", 0)
    runner.run(job_id)  # a message that still came in: this process does not begin anything any more
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("queued", 0)
    bench.runner(ScriptedCoach()).run(job_id)
    job = bench.job(job_id)
    assert (job.status, job.attempts) == ("completed", 1)
    assert job.usage is not None
    assert (job.usage["input_tokens"], job.usage["output_tokens"]) == (4 + 3, 2 + 5), "both calls are paid for"
    assert job.usage["estimated"]
