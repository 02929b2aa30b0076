"""A recording from claim to commit."""

from __future__ import annotations

from typing import Any

import pytest

from bench.voice.degraded import quiet
from coach.model import failure
from store import keys
from store.events import Events
from tests.integration.workers.runner_bench import Bench
from tests.integration.workers.scripted import FixedCoach, ScriptedCoach
from tests.support.audio_files import encode, tone
from workers.audio import decode
from workers.listening import ENGLISH_ONLY, NO_SPEECH, TOO_QUIET


def test_a_recording_is_heard_and_answered_and_the_reply_spoken(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.ogg"), speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert job.status == "completed"
    assert job.transcript and job.transcript["text"] == "I like to walk"
    assert job.usage and job.usage["audio_seconds"] == pytest.approx(1.0, abs=0.1)
    assert bench.speech.spoken == ["One. Two."]
    assert bench.speech_of(job_id)[:2] == b"\xff\xf3", "MP3 at 24 kHz"
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


CAUTION = "I get dizzy when I stand up too fast"
EMERGENCY = "I have crushing chest pain and I cannot breathe"


def _record(bench: Bench, heard: str, confidence: float, **fields: Any) -> str:
    bench.speech.text, bench.speech.confidence = heard, confidence
    return bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"), **fields)


@pytest.mark.parametrize(
    ("heard", "confidence", "asked"),
    [
        ("I like to walk", 0.4, True),
        ("I like to walk", 0.6, False),
        (CAUTION, 0.6, True),
        (CAUTION, 0.7, False),
    ],
)
def test_what_was_not_heard_well_is_asked_about(bench: Bench, heard: str, confidence: float, asked: bool) -> None:
    coach = ScriptedCoach()
    job_id = _record(bench, heard, confidence)
    bench.runner(coach).run(job_id)

    job = bench.job(job_id)
    assert (job.status, job.outcome) == ("completed", "needs_confirmation" if asked else "answered")
    assert job.confirmation_needed is asked
    assert job.transcript == {"text": heard, "language": "english", "confidence": confidence, "seconds": 1.0}
    assert job.output
    assert job.output["text"].startswith(f"I heard: “{heard}” Is that right?") is asked
    assert len(coach.turns) == len(bench.history()) / 2 == (0 if asked else 1)


def test_with_a_model_of_one_language_the_question_says_so(bench: Bench) -> None:
    job_id = _record(bench, "Bonjour, G. Vaudry's March", 0.42)
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert job.output and job.output["text"].endswith(ENGLISH_ONLY)


@pytest.mark.parametrize(("confidence", "unsure"), [(0.3, True), (0.6, True), (0.8, False)])
def test_an_emergency_is_never_held_back(bench: Bench, confidence: float, unsure: bool) -> None:
    job_id = _record(bench, EMERGENCY, confidence)
    bench.runner(FixedCoach()).run(job_id)

    job = bench.job(job_id)
    assert (job.status, job.outcome, job.confirmation_needed) == ("completed", "escalated", unsure)
    assert [message.text for message in bench.history()] == ([] if unsure else [EMERGENCY, "Call 911."])


def test_the_question_is_spoken_too(bench: Bench) -> None:
    job_id = _record(bench, "I like to walk", 0.4, speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    assert bench.speech.spoken[0] == "I heard: “I like to walk” Is that right?"
    assert bench.speech_of(job_id)


def test_nobody_is_asked_about_silence(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(bytes(64_000), "speech.wav"))
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert (job.outcome, bench.speech.listened) == ("no_speech", 0)
    assert job.output and job.output["text"] == TOO_QUIET


def test_a_quiet_recording_without_words_is_told_what_may_help(bench: Bench) -> None:
    bench.speech.text = ""
    job_id = bench.submit(type="voice", input={}, audio=encode(quiet(tone(1.0)), "speech.wav"))
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert (job.outcome, bench.speech.listened) == ("no_speech", 1)
    assert job.output and job.output["text"] == TOO_QUIET


def test_a_long_recording_is_heard_in_pieces(bench: Bench) -> None:
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(100.0), "speech.flac"))
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert bench.speech.listened == 2
    assert job.transcript and job.transcript["text"] == "I like to walk I like to walk"
    assert job.usage and job.usage["audio_seconds"] == pytest.approx(100.0, abs=0.2)
    assert job.transcript["seconds"] == pytest.approx(100.0, abs=0.2)


def test_the_first_words_can_be_heard_before_the_last_are_spoken(bench: Bench) -> None:
    heard_by_then: list[int] = []
    say = bench.speech.speak
    text = "This is the first sentence of the answer. This is the second one, which comes later."

    def speak(utterance: str, **more: Any) -> bytes:
        heard_by_then.append(len(bench.speech_of(job_id)))
        return say(utterance, **more)

    bench.speech.speak = speak  # type: ignore[method-assign, assignment]  # looks first
    job_id = _record(bench, text, 0.4, speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    assert heard_by_then[0] == 0
    assert heard_by_then[1] > 1000
    events = [event.type for event in Events(bench.redis).after(job_id, bench.fresh(), "")]
    assert events.count("audio") == 1
    assert events.index("audio") > events.index("token")


@pytest.mark.parametrize(("audio_format", "head"), [("mp3", b"\xff\xf3"), ("opus", b"OggS"), ("wav", b"RIFF")])
def test_the_reply_is_spoken_in_the_format_that_was_asked_for(bench: Bench, audio_format: str, head: bytes) -> None:
    job_id = bench.submit(speak=True, audio_format=audio_format)
    bench.runner(ScriptedCoach()).run(job_id)

    spoken = bench.speech_of(job_id)
    assert spoken.startswith(head)
    assert decode(spoken, max_seconds=300).seconds == pytest.approx(0.5, abs=0.15)


def test_a_reply_that_cannot_be_said_stays_written(bench: Bench) -> None:
    bench.speech.error = failure("model_bad_request")
    job_id = bench.submit(speak=True)
    bench.runner(ScriptedCoach()).run(job_id)

    job = bench.job(job_id)
    assert (job.status, job.outcome) == ("completed", "answered")
    assert bench.speech_of(job_id) == b""
