"""A model that refuses ends the job; one that is away is waited for."""

from __future__ import annotations

from coach.model import failure
from tests.integration.workers.runner_bench import Bench
from tests.integration.workers.scripted import FixedCoach, ScriptedCoach
from tests.support.audio_files import encode, tone
from workers.breaker import OPENS_AFTER


def test_a_model_that_refuses_for_good_fails_the_job_with_its_code(bench: Bench) -> None:
    job_id = bench.submit()
    bench.runner(ScriptedCoach(error=failure("model_auth"))).run(job_id)

    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error and job.error.code == "model_auth"


def test_a_model_that_is_away_costs_no_attempt(bench: Bench) -> None:
    job_id = bench.submit()
    for _ in range(4):  # more often than JOB_MAX_ATTEMPTS
        bench.runner(ScriptedCoach(error=failure("model_unavailable"))).run(job_id)
        assert bench.job(job_id).status == "queued"

    bench.runner(ScriptedCoach()).run(job_id)
    assert bench.job(job_id).status == "completed"


def test_while_the_model_is_away_jobs_wait_without_asking_it(bench: Bench) -> None:
    away = ScriptedCoach(error=failure("model_unavailable"))
    job_id = bench.submit()
    for _ in range(OPENS_AFTER + 3):
        bench.runner(away).run(job_id)

    assert away.calls == OPENS_AFTER
    job = bench.job(job_id)
    assert (job.status, job.attempts) == ("queued", 0)


def test_while_the_model_is_away_a_recording_is_not_sent_to_it_either(bench: Bench) -> None:
    for _ in range(OPENS_AFTER):
        bench.breaker.failed()
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"))

    bench.runner(ScriptedCoach()).run(job_id)

    assert bench.speech.listened == 0
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("queued", 0)


def test_a_fixed_text_waits_for_no_model(bench: Bench) -> None:
    for _ in range(OPENS_AFTER):
        bench.breaker.failed()
    coach = FixedCoach()
    job_id = bench.submit(speak=True)
    bench.speech.error = failure("model_unavailable")

    bench.runner(coach).run(job_id)

    job = bench.job(job_id)
    assert (job.status, job.outcome) == ("completed", "escalated")
    assert bench.speech_of(job_id) == b""
