from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from store import keys
from store.history import Message
from store.job import TERMINAL
from store.job_errors import INTERNAL, JobError
from store.scripts import Scripts
from tests.integration.ledger_kit import REPLY, SAID, Kit

CITATIONS = [{"id": "balance-basics-03", "title": "Balance", "collection": "lessons", "score": 0.81, "quote": "Stand."}]


def test_a_commit_writes_result_history_state_and_usage_once_and_together(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    hold = kit.claim(job_id)
    kit.commit(hold, output={"text": REPLY, "citations": CITATIONS})
    job = kit.job(job_id)
    assert (job.status, job.outcome, job.stage, job.error) == ("completed", "answered", None, None)
    assert job.over
    assert job.output == {"text": REPLY, "citations": CITATIONS}
    assert job.coach == {"mode": "coaching", "state": {"minutes_available": 10}}
    assert job.usage is not None
    assert (job.usage["input_tokens"], job.usage["output_tokens"], job.usage["estimated"]) == (120, 30, False)
    assert job.timings == {"queued_ms": 3, "total_ms": 870}
    assert job.guardrails == [{"name": "safety", "phase": "input", "verdict": "pass"}]
    assert job.created_at <= (job.started_at or 0) <= (job.completed_at or 0)
    user, assistant = kit.history.read(session)
    assert asdict(user) == {"role": "user", "text": SAID, "at": user.at, "job_id": job_id, "citations": []}
    assert assistant == Message("assistant", REPLY, user.at, job_id, CITATIONS)
    assert kit.again(session).state == {"minutes_available": 10}


def test_the_next_turn_sees_history_and_state_of_the_one_before(kit: Kit) -> None:
    session = kit.open()
    first, second = kit.submit(session), kit.submit(session, "And today?")
    kit.run(first)
    hold = kit.claim(second)
    assert [message.text for message in hold.history()] == [SAID, REPLY]
    assert (hold.state, hold.input) == ({"minutes_available": 10}, {"text": "And today?"})


def test_a_commit_that_is_no_turn_leaves_history_and_state_as_they_were(kit: Kit) -> None:
    session = kit.open()
    kit.run(kit.submit(session))
    job_id = kit.speak(session)
    kit.commit(kit.claim(job_id), outcome="no_speech", coach=None, state=None, said=None)
    job = kit.job(job_id)
    assert (job.outcome, job.coach) == ("no_speech", None)
    assert len(kit.history.read(session)) == 2
    assert kit.again(session).state == {"minutes_available": 10}


def test_history_holds_the_last_turns_only(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_history_messages=4)
    session = kit.open()
    for n in range(5):
        kit.commit(kit.claim(kit.submit(session)), said=f"turn {n}")
    assert [message.text for message in kit.history.read(session)] == ["turn 3", REPLY, "turn 4", REPLY]


def test_ten_turns_stand_in_the_order_they_were_said(kit: Kit) -> None:
    session = kit.open()
    submitted = [kit.submit(session, f"turn {n}") for n in range(10)]
    for job_id in submitted:
        hold = kit.claim(job_id)
        kit.commit(hold, said=hold.input["text"])
    said = [message for message in kit.history.read(session) if message.role == "user"]
    assert [message.text for message in said] == [f"turn {n}" for n in range(10)]
    assert [message.job_id for message in said] == submitted


def test_a_failed_job_has_a_code_and_writes_no_history(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.speak(session)
    kit.claim(job_id).fail(JobError("audio_unreadable", "A sentence.", retryable=False))
    job = kit.job(job_id)
    assert (job.status, job.output, job.outcome) == ("failed", None, None)
    assert job.error is not None
    assert (job.error.code, job.error.retryable) == ("audio_unreadable", False)
    assert kit.history.read(session) == []
    assert not kit.redis.exists(keys.audio(job_id))


def test_progress_shows_stage_transcript_speech_and_events(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.speak(session)
    hold = kit.claim(job_id)
    hold.progress(stage="transcribing")
    assert kit.job(job_id).stage == "transcribing"
    hold.progress(transcript={"text": SAID, "language": "en"}, calls=1)
    hold.progress(event={"type": "token", "data": {"text": "Ten"}}, calls=2)
    hold.progress(speech=b"ID3-spoken")
    job = kit.job(job_id)
    assert (job.stage, job.transcript) == ("transcribing", {"text": SAID, "language": "en"})
    assert kit.jobs.has_speech(job)
    assert kit.spoken(job_id, session) == b"ID3-spoken"
    assert kit.redis.hget(keys.job(job_id), "calls") == b"3"
    [(_, fields)] = kit.redis.xrange(keys.events(job_id))
    event = session.cipher.open_json(f"{job_id}|event", fields[b"event"])
    assert event == {"type": "token", "data": {"text": "Ten"}}


def test_a_second_attempt_knows_what_the_first_one_heard_and_spent(kit: Kit) -> None:
    job_id = kit.speak(kit.open())
    kit.claim(job_id).progress(transcript={"text": SAID}, calls=2)
    kit.end_lease(job_id)
    again = kit.claim(job_id)
    assert again.transcript == {"text": SAID}
    assert again.audio() == b"RIFF-something-spoken"
    again.progress(calls=1)
    assert kit.redis.hget(keys.job(job_id), "calls") == b"3"


def test_without_a_spoken_reply_there_is_none(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    kit.run(job_id)
    assert not kit.jobs.has_speech(kit.job(job_id))
    assert kit.spoken(job_id, session) == b""


def test_a_write_sent_twice_by_the_client_library_happens_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    once = Scripts.run

    def twice(self: Scripts, *arguments: Any) -> Any:
        answer = once(self, *arguments)
        once(self, *arguments)
        return answer

    session = kit.open()
    job_id = kit.submit(session)
    hold = kit.claim(job_id)
    monkeypatch.setattr(Scripts, "run", twice)
    hold.progress(event={"type": "token", "data": {"text": "Ten"}}, calls=1)
    hold.progress(event={"type": "token", "data": {"text": "Ten"}}, calls=1)
    kit.commit(hold)
    assert kit.redis.xlen(keys.events(job_id)) == 2
    assert kit.redis.hget(keys.job(job_id), "calls") == b"2"
    assert len(kit.history.read(session)) == 2


def test_every_way_a_job_ends_is_terminal_and_leaves_every_index(kit: Kit) -> None:
    done, failed, cancelled, expired = (kit.submit(kit.open()) for _ in range(4))
    kit.run(done)
    kit.claim(failed).fail(INTERNAL)
    kit.cancel(cancelled)
    kit.end_deadline(expired)
    kit.ledger.reap()
    assert {kit.job(job_id).status for job_id in (done, failed, cancelled, expired)} == TERMINAL
    indexes = [keys.LEASES, keys.DISPATCH, keys.DEADLINES, keys.open_jobs("key_a")]
    indexes += [name("key_a", code) for name in (keys.ready, keys.running) for code in "mv"]
    assert not kit.redis.exists(*indexes)


def test_what_a_job_leaves_in_redis_ends_with_its_session_even_if_nobody_sweeps(kit: Kit) -> None:
    session = kit.open()
    hold = kit.claim(kit.speak(session, speak=True, idempotency_key="k"))
    hold.progress(event={"type": "stage"}, transcript={"text": SAID}, speech=b"ID3")
    unbounded = {key for key in kit.redis.scan_iter("rr:*") if kit.redis.pttl(key) < 0}
    assert not {key for key in unbounded if kit.redis.type(key) != b"zset"}
    kit.commit(hold)
    ends_at = float(kit.redis.hget(keys.session(session.id), "ends_at"))
    for name in (keys.session(session.id), keys.history(session.id), keys.job(hold.job_id)):
        assert ends_at < kit.redis.pexpiretime(name) <= ends_at + 3_600_000
