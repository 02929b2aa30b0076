"""What a run says of its end: this is what Flower shows of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coach.model import failure
from tests.integration.workers.runner_bench import Bench
from tests.integration.workers.scripted import ScriptedCoach
from workers.breaker import OPENS_AFTER


def test_an_answered_job_is_completed_and_its_second_message_not_due(bench: Bench) -> None:
    job_id = bench.submit()

    assert bench.runner(ScriptedCoach()).run(job_id) == ("completed", "")
    assert bench.runner(ScriptedCoach()).run(job_id) == ("not_due", "")


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (failure("model_auth"), ("failed", "model_auth")),
        (ValueError("what was said"), ("failed", "internal_error")),
        (failure("model_rate_limited"), ("given_back", "model_rate_limited")),
        (RedisConnectionError(), ("given_back", "redis_away")),
    ],
)
def test_a_run_without_an_answer_says_why_by_a_code(bench: Bench, error: Exception, ended: tuple[str, str]) -> None:
    assert bench.runner(ScriptedCoach(error=error)).run(bench.submit()) == ended


def test_a_recording_that_cannot_be_read_is_a_failure(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=b"RIFF\0\0\0\0WAVE")

    assert bench.runner(ScriptedCoach()).run(job_id) == ("failed", "audio_unreadable")


def test_a_job_is_given_back_unasked_while_the_breaker_is_open(bench: Bench) -> None:
    for _ in range(OPENS_AFTER):
        bench.breaker.failed()

    assert bench.runner(ScriptedCoach()).run(bench.submit()) == ("given_back", "model_away")


def test_a_process_that_ends_gives_its_job_back(bench: Bench) -> None:
    runner = bench.runner(ScriptedCoach())
    bench.heartbeat.hand_back()

    assert runner.run(bench.submit()) == ("given_back", "worker_ends")


@pytest.mark.parametrize(
    ("stop", "how"),
    [
        (lambda bench, job_id: bench.jobs.cancel(bench.job(job_id), bench.session), "cancelled"),
        (lambda bench, job_id: bench.erase(), "lost"),
    ],
    ids=["cancel", "erase"],
)
def test_a_cancel_and_the_loss_of_a_job_are_told_apart(
    bench: Bench, stop: Callable[[Bench, str], object], how: str
) -> None:
    job_id = bench.submit()

    assert bench.runner(ScriptedCoach(between=lambda: stop(bench, job_id))).run(job_id) == (how, "")
