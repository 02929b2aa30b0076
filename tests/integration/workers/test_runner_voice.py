"""A recording from claim to commit."""

from __future__ import annotations

import pytest

from coach.model import failure
from store import keys
from tests.integration.workers.runner_bench import Bench
from tests.integration.workers.scripted import ScriptedCoach
from tests.support.audio_files import encode, tone
from workers.stages import NO_SPEECH


def test_a_recording_is_heard_and_answered_and_the_reply_spoken(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.ogg"), speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert job.status == "completed"
    assert job.transcript and job.transcript["text"] == "I like to walk"
    assert job.usage and job.usage["audio_seconds"] == pytest.approx(1.0, abs=0.1)
    assert bench.jobs.speech(job, bench.fresh()) == b"ID3One. Two."
    assert {"transcribing_ms", "generating_ms", "speaking_ms"} <= set(job.timings)


def test_a_recording_without_words_is_no_turn(bench: Bench) -> None:
    bench.speech.text = ""
    coach = ScriptedCoach()
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"))
    bench.runner(coach).run(job_id)

    job = bench.job(job_id)
    assert (job.status, job.outcome) == ("completed", "no_speech")
    assert job.output and job.output["text"] == NO_SPEECH
    assert coach.turns == []


def test_a_recording_that_is_none_fails_with_a_code(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=b"RIFF\0\0\0\0WAVE")
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert job.status == "failed"
    assert job.error and job.error.code == "audio_unreadable"
    assert not job.error.retryable


def test_a_second_attempt_does_not_listen_again(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"))
    bench.runner(ScriptedCoach(error=failure("model_unavailable"))).run(job_id)
    assert bench.job(job_id).status == "queued"

    coach = ScriptedCoach()
    bench.runner(coach).run(job_id)

    assert bench.job(job_id).status == "completed"
    assert bench.speech.listened == 1


@pytest.mark.parametrize(("code", "paid"), [("model_unavailable", 0), ("model_timeout", 1)])
def test_a_call_that_never_arrived_costs_nothing_and_one_that_timed_out_may(bench: Bench, code: str, paid: int) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"), speak=True)
    bench.speech.deaf = failure(code)
    bench.runner(ScriptedCoach()).run(job_id)
    bench.speech.deaf, bench.speech.error = None, failure(code)
    bench.runner(ScriptedCoach()).run(job_id)

    used = bench.redis.hmget(keys.job(job_id), ["spent:1", "spent:2"])
    audio_ms, characters = (int(spent.split()[place]) for spent, place in zip(used, (2, 3), strict=True))
    assert audio_ms == pytest.approx(1000 * paid, abs=100 * paid)
    assert characters == len("One. Two.") * paid


def test_what_is_heard_is_noted_before_the_call(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"))
    noted = []

    def look(*_: object, **__: object) -> None:
        noted.append(bench.redis.hget(keys.job(job_id), "spent:1").split()[2])
        raise failure("model_auth")

    bench.speech.transcribe = look  # type: ignore[method-assign, assignment]  # looks instead of listening
    bench.runner(ScriptedCoach()).run(job_id)

    assert [int(audio_ms) for audio_ms in noted] == [pytest.approx(1000, abs=100)]


def test_the_spoken_reply_is_counted_by_its_characters(bench: Bench) -> None:
    job_id = bench.submit(speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    assert bench.redis.hget(keys.job(job_id), "spent:1").split() == [b"3", b"5", b"0", b"9"]
