"""A job from claim to commit, with a scripted coach and a real ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from coach.model import failure
from coach.turn import Citation, Guardrail, Reply, Sentence, Stage, State, Turn, Usage
from store.history import History, Message
from store.hold import JobLost
from store.jobs import Job, Jobs, Submission
from store.ledger import Ledger
from store.sessions import Session, Sessions
from tests.support.audio_files import encode, tone
from workers.audio import Recording
from workers.breaker import OPENS_AFTER, Breaker
from workers.heartbeat import Heartbeat
from workers.runner import NO_SPEECH, Runner
from workers.speech import Transcript

OWNER = "key_tester"


def _reply(text: str, outcome: Any = "answered") -> Reply:
    citation = Citation("lesson-01", "A lesson", "lessons", 0.9, "word for word")
    guardrails = (Guardrail("safety", "input", "pass"),)
    return Reply(text, outcome, (citation,), "coaching", State(minutes_available=10), Usage(3, 5), guardrails, "m")


class ScriptedCoach:
    """Says two sentences; `between` runs between them."""

    def __init__(self, between: Callable[[], None] = lambda: None, error: Exception | None = None) -> None:
        self.between = between
        self.error = error
        self.turns: list[Turn] = []
        self.calls = 0  # of the model

    def respond(self, turn: Turn, *, timeout: Callable[[], float]) -> Generator[Stage | Sentence | Reply, None, None]:
        self.turns.append(turn)
        yield Stage("retrieving")
        yield Stage("generating")
        self.calls += 1
        if self.error:
            raise self.error
        yield Sentence("One. ")
        self.between()
        timeout()
        yield Sentence("Two.")
        yield _reply("One. Two.")


class FixedCoach(ScriptedCoach):
    """Answers with a fixed text, for which it asks no model."""

    def respond(self, turn: Turn, *, timeout: Callable[[], float]) -> Generator[Stage | Sentence | Reply, None, None]:
        yield Stage("screening")
        yield Sentence("Call 911.")
        yield replace(_reply("Call 911.", "escalated"), model=None)


class ScriptedSpeech:
    """Hears what it is told to; counts how often it listened."""

    def __init__(self, text: str = "I like to walk") -> None:
        self.text = text
        self.listened = 0
        self.error: Exception | None = None

    def transcribe(self, recording: Recording, *, timeout: Callable[[], float]) -> Transcript:
        self.listened += 1
        return Transcript(self.text, "english", 0.8, recording.seconds)

    def speak(self, text: str, *, timeout: Callable[[], float]) -> bytes:
        if self.error:
            raise self.error
        return b"ID3" + text.encode()


class Bench:
    """One session, and a runner to do its jobs."""

    def __init__(self, redis: Any, sessions: Sessions, jobs: Jobs, ledger: Ledger) -> None:
        self.redis = redis
        self.sessions, self.jobs, self.ledger = sessions, jobs, ledger
        self.session = sessions.open(OWNER, {})
        self.speech = ScriptedSpeech()
        self.breaker = Breaker()

    def runner(self, coach: ScriptedCoach) -> Runner:
        """As of another process, but for the breaker."""
        self.heartbeat = Heartbeat(self.ledger)
        return Runner(
            ledger=self.ledger,
            heartbeat=self.heartbeat,
            coach=coach,  # type: ignore[arg-type]  # the same shape, scripted
            speech=self.speech,  # type: ignore[arg-type]
            breaker=self.breaker,
            max_audio_seconds=300,
            free_of_charge=True,
        )

    def submit(self, **fields: Any) -> str:
        fields = {"type": "message", "input": {"text": "hello"}, "deadline_ms": 60_000, **fields}
        return self.jobs.submit(self.fresh(), Submission(request_id="r", **fields))[0]

    def fresh(self) -> Session:
        session = self.sessions.get(self.session.id)
        assert session
        return session

    def erase(self) -> None:
        assert self.sessions.erase(self.session.id)

    def history(self) -> list[Message]:
        return History(self.redis).read(self.fresh())

    def job(self, job_id: str) -> Job:
        job = self.jobs.get(job_id, OWNER)
        assert job
        return job


@pytest.fixture
def bench(redis: Any, sessions: Sessions, jobs: Jobs, ledger: Ledger) -> Bench:
    return Bench(redis, sessions, jobs, ledger)


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
        "citations": [vars(citation) for citation in _reply("").citations],
    }
    assert job.coach and job.coach["state"]["minutes_available"] == 10
    assert job.usage == {
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


def _in_thread(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


class Blocked:
    """A call that hangs until the test is over, as one to a silent network does."""

    def __init__(self) -> None:
        self.began, self.over = threading.Event(), threading.Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.began.set()
        assert self.over.wait(30)


@pytest.fixture
def blocked() -> Iterator[Blocked]:
    call = Blocked()
    yield call
    call.over.set()


@pytest.mark.parametrize("stage", ["transcribing", "generating", "speaking"])
def test_a_cancel_ends_the_job_at_once_even_while_a_call_hangs(bench: Bench, blocked: Blocked, stage: str) -> None:
    coach = ScriptedCoach(between=blocked if stage == "generating" else lambda: None)
    if stage == "transcribing":
        bench.speech.transcribe = blocked  # type: ignore[method-assign]
    if stage == "speaking":
        bench.speech.speak = blocked  # type: ignore[method-assign]
    job_id = bench.submit(type="voice", input={}, audio=encode(tone(1.0), "speech.wav"), speak=True)
    thread = _in_thread(lambda: bench.runner(coach).run(job_id))
    assert blocked.began.wait(10)
    assert bench.job(job_id).stage == stage

    bench.jobs.cancel(bench.job(job_id), bench.session)
    thread.join(1.5)

    assert not thread.is_alive()
    assert bench.job(job_id).status == "cancelled"
    blocked.over.set()
    assert bench.history() == []


def test_erasing_while_a_call_hangs_ends_the_work_and_writes_nothing(bench: Bench, blocked: Blocked) -> None:
    job_id = bench.submit()
    thread = _in_thread(lambda: bench.runner(ScriptedCoach(between=blocked)).run(job_id))
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
    thread = _in_thread(lambda: runner.run(job_id))
    assert blocked.began.wait(10)

    bench.heartbeat.hand_back()
    thread.join(1.5)

    assert not thread.is_alive()
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("queued", 0)
    runner.run(job_id)  # a message that still came in: this process does not begin anything any more
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("queued", 0)
    bench.runner(ScriptedCoach()).run(job_id)
    assert (bench.job(job_id).status, bench.job(job_id).attempts) == ("completed", 1)


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
    assert bench.jobs.speech(job, bench.fresh()) is None


def test_a_ledger_that_is_away_for_a_moment_does_not_fail_the_job(bench: Bench) -> None:
    job_id = bench.submit()

    def away() -> None:
        raise RedisConnectionError

    bench.runner(ScriptedCoach(between=away)).run(job_id)
    assert bench.job(job_id).status == "in_progress", "its lease runs out, then it is done again"
