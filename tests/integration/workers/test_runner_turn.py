"""A text message from claim to commit, and what ends it without an answer of the coach."""

from __future__ import annotations

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from store.hold import JobLost
from tests.integration.workers.runner_bench import OWNER, Bench
from tests.integration.workers.scripted import ScriptedCoach, reply


def test_a_message_is_answered_and_the_next_turn_knows_it(bench: Bench) -> None:
    coach = ScriptedCoach()
    first = bench.submit()
    bench.runner(coach).run(first)
    second = bench.submit(input={"text": "and then?"})
    bench.runner(coach).run(second)

    job = bench.job(first)
    assert (job.status, job.outcome, job.attempts) == ("completed", "answered", 1)
    assert job.output == {
        "text": "One. Two.",
        "citations": [vars(citation) for citation in reply("").citations],
    }
    assert job.coach and job.coach["state"]["minutes_available"] == 10
    assert job.usage == {
        "estimated": False,
        "input_tokens": 3,
        "output_tokens": 5,
        "audio_seconds": 0,
        "cost_usd": "0.000000",
        "model": "m",
    }
    assert [message.text for message in coach.turns[1].history] == ["hello", "One. Two."]
    assert coach.turns[1].state.minutes_available == 10


def test_a_message_that_came_twice_is_done_once(bench: Bench) -> None:
    coach = ScriptedCoach()
    job_id = bench.submit()

    bench.runner(coach).run(job_id)
    bench.runner(coach).run(job_id)

    assert len(coach.turns) == 1


def test_a_bug_ends_the_job_as_an_error_of_ours_and_quotes_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.submit()
    bench.runner(ScriptedCoach(error=ValueError("boom"))).run(job_id)

    job = bench.job(job_id)
    assert job.error and job.error.code == "internal_error"
    assert "boom" not in str(job.error)


def test_a_holder_that_lost_its_lease_writes_nothing(bench: Bench) -> None:
    job_id = bench.submit()

    def lose() -> None:
        hold = bench.ledger.claim(job_id)
        assert hold is None, "a held job cannot be claimed"
        bench.sessions.erase(bench.session.id)
        raise JobLost

    bench.runner(ScriptedCoach(between=lose)).run(job_id)
    assert bench.jobs.get(job_id, OWNER) is None


def test_a_ledger_that_is_away_for_a_moment_does_not_fail_the_job(bench: Bench) -> None:
    job_id = bench.submit()

    def away() -> None:
        raise RedisConnectionError

    bench.runner(ScriptedCoach(between=away)).run(job_id)
    assert bench.job(job_id).status == "in_progress", "its lease runs out, then it is done again"
