from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis.exceptions import RedisError

from store import keys
from store.scripts import Scripts
from store.sessions import Session
from store.submission import LimitsReached, Settled, SubmitRefused
from tests.integration.ledger_kit import REPLY, SAID, Kit, recording, submission

SETTLED = Settled("escalated", "Please call 911 now.", [{"name": "safety", "phase": "input", "verdict": "block"}])


def test_an_accepted_job_has_its_record_its_place_and_its_message(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session, metadata={"page": "home"}, speak=True)
    job = kit.job(job_id)
    assert (job.status, job.type, job.attempts, job.metadata) == ("queued", "message", 0, {"page": "home"})
    assert (job.started_at, job.completed_at, job.output, job.error) == (None, None, None, None)
    assert kit.line(session) == kit.messages() == [job_id]
    for index in (keys.DEADLINES, keys.DISPATCH, keys.open_jobs("key_a")):
        assert kit.redis.zrange(index, 0, -1) == [job_id.encode()]
    hold = kit.claim(job_id)
    assert (hold.input, hold.speak, hold.request_id, hold.key_id) == ({"text": SAID}, True, "req_1", "key_a")


def test_an_accepted_recording_lies_beside_its_job_until_the_end(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.speak(session, audio=b"RIFF\x00\xff")
    assert (kit.messages(), kit.messages(keys.VOICE)) == ([], [job_id])
    hold = kit.claim(job_id)
    assert hold.audio() == b"RIFF\x00\xff"
    kit.commit(hold)
    assert not kit.redis.exists(keys.audio(job_id))


def _gone(kit: Kit, session: Session) -> dict[str, Any]:
    kit.sessions.erase(session.id)
    return {}


def _expired(kit: Kit, session: Session) -> dict[str, Any]:
    kit.end_session(session)
    return {}


def _ending(kit: Kit, session: Session) -> dict[str, Any]:
    return {"deadline_ms": 25 * 3_600_000}


def _crowded(kit: Kit, session: Session) -> dict[str, Any]:
    for _ in range(3):  # one runs, two wait
        kit.submit(session)
    return {}


def _busy(kit: Kit, session: Session) -> dict[str, Any]:
    kit.submit(session)
    return {"on_busy": "reject"}


def _mismatched(kit: Kit, session: Session) -> dict[str, Any]:
    kit.submit(session, idempotency_key="k", text="Something else")
    return {"idempotency_key": "k"}


@pytest.mark.parametrize(
    ("reason", "prepare"),
    [
        ("gone", _gone),
        ("gone", _expired),
        ("ending", _ending),
        ("limits", _crowded),
        ("busy", _busy),
        ("mismatch", _mismatched),
    ],
)
@pytest.mark.parametrize("what", [submission, recording])
def test_a_refusal_leaves_nothing_behind(
    make_kit: Callable[..., Kit], reason: str, prepare: Callable[[Kit, Session], dict[str, Any]], what: Any
) -> None:
    kit = make_kit(max_waiting_jobs_per_api_key=2)
    session = kit.open()
    more = prepare(kit, session)
    before = kit.dump()
    for _ in range(2):
        with pytest.raises(SubmitRefused) as refused:
            kit.jobs.submit(session, what(**{"idempotency_key": "new", **more}))
        assert refused.value.reason == reason
    assert kit.dump() == before


def test_a_full_server_refuses_a_job_and_keeps_nothing_of_it(kit: Kit) -> None:
    session = kit.open()
    kit.submit(session)
    before = kit.dump()
    [limit] = kit.redis.config_get("maxmemory").values()
    kit.redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError):
            kit.speak(session, idempotency_key="k")
    finally:
        kit.redis.config_set("maxmemory", limit)
    assert kit.dump() == before


def test_the_waiting_cap_counts_one_api_key_only(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_waiting_jobs_per_api_key=1)
    session = kit.open("key_a")
    kit.submit(session)
    kit.submit(session)
    with pytest.raises(LimitsReached) as refused:
        kit.submit(session)
    assert refused.value.policies == ["MAX_WAITING_JOBS_PER_API_KEY"]
    kit.submit(kit.open("key_b"))


def test_twenty_submits_at_once_are_numbered_without_gap_or_double(kit: Kit) -> None:
    session = kit.open()
    with ThreadPoolExecutor(20) as pool:
        accepted = list(pool.map(lambda n: kit.submit(session, f"message {n}"), range(20)))
    assert sorted(accepted) == sorted(keys.job_id(session.id, n) for n in range(1, 21))
    assert kit.line(session) == [keys.job_id(session.id, n) for n in range(1, 21)]
    assert kit.messages() == [keys.job_id(session.id, 1)]
    assert kit.again(session).jobs == 20


def test_a_submit_sent_twice_by_the_client_library_makes_one_job(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    once = Scripts.run

    def twice(self: Scripts, *arguments: Any) -> Any:
        once(self, *arguments)
        return once(self, *arguments)

    session = kit.open()
    monkeypatch.setattr(Scripts, "run", twice)
    first, second = kit.submit(session), kit.submit(session)
    assert [first, second] == kit.line(session) == [keys.job_id(session.id, n) for n in (1, 2)]
    assert kit.messages() == [first]


@pytest.mark.parametrize("what", [submission, recording])
def test_the_same_content_under_the_same_idempotency_key_is_the_same_job(kit: Kit, what: Any) -> None:
    session = kit.open()
    first = kit.jobs.submit(session, what(idempotency_key="k"))
    before = kit.dump()
    assert first == (keys.job_id(session.id, 1), False)
    assert kit.jobs.submit(session, what(idempotency_key="k", request_id="req_2")) == (first[0], True)
    assert kit.dump() == before
    kit.run(first[0])
    assert kit.jobs.submit(kit.again(session), what(idempotency_key="k")) == (first[0], True)


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"text": "Other words"}},
        {"metadata": {"page": "home"}},
        {"speak": True},
        {"on_busy": "reject"},
        {"type": "voice", "audio": b"RIFF"},
    ],
)
def test_other_content_under_the_same_idempotency_key_is_refused(kit: Kit, other: dict[str, Any]) -> None:
    session = kit.open()
    kit.submit(session, idempotency_key="k")
    with pytest.raises(SubmitRefused, match="mismatch"):
        kit.jobs.submit(session, submission(idempotency_key="k", **other))


def test_another_recording_under_the_same_idempotency_key_is_refused(kit: Kit) -> None:
    session = kit.open()
    kit.speak(session, audio=b"one", idempotency_key="k")
    with pytest.raises(SubmitRefused, match="mismatch"):
        kit.speak(session, audio=b"two", idempotency_key="k")


def test_an_idempotency_key_is_scoped_to_its_api_key(kit: Kit) -> None:
    one, other = kit.open("key_a"), kit.open("key_b")
    kit.submit(one, idempotency_key="k")
    assert kit.jobs.submit(other, submission(idempotency_key="k")) == (keys.job_id(other.id, 1), False)
    with pytest.raises(SubmitRefused, match="mismatch"):
        kit.submit(kit.open("key_a"), idempotency_key="k")


def test_the_same_idempotency_key_at_once_makes_one_job(kit: Kit) -> None:
    session = kit.open()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: kit.jobs.submit(session, submission(idempotency_key="k")), range(20)))
    assert {job_id for job_id, _ in answers} == {keys.job_id(session.id, 1)}
    assert [replayed for _, replayed in answers].count(False) == 1
    assert len(kit.line(session)) == len(kit.messages()) == 1


def test_an_idempotency_key_does_not_tell_its_content(kit: Kit) -> None:
    kit.submit(kit.open(), idempotency_key="my-own-key")
    [name] = kit.redis.scan_iter("rr:idempotency:*")
    assert b"my-own-key" not in name
    assert set(kit.redis.hgetall(name)) == {b"job", b"digest"}


def test_a_settled_job_is_complete_at_once_and_touches_no_line(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_waiting_jobs_per_api_key=1)
    session = kit.open()
    waiting = [kit.submit(session), kit.submit(session)]
    before = kit.line(session), kit.messages(), kit.redis.zrange(keys.open_jobs("key_a"), 0, -1)
    job_id = kit.submit(session, "I want to die", settled=SETTLED, on_busy="reject", deadline_ms=25 * 3_600_000)
    assert (kit.line(session), kit.messages(), kit.redis.zrange(keys.open_jobs("key_a"), 0, -1)) == before
    job = kit.job(job_id)
    assert (job.status, job.outcome, job.output) == ("completed", "escalated", {"text": SETTLED.reply, "citations": []})
    assert job.guardrails == SETTLED.guardrails
    assert job.started_at == job.completed_at is not None
    assert kit.ledger.claim(job_id) is None
    for waited in waiting:
        kit.run(waited)
    texts = [message.text for message in kit.history.read(session)]
    assert texts == ["I want to die", SETTLED.reply, SAID, REPLY, SAID, REPLY]


def test_a_settled_job_can_be_repeated_under_its_idempotency_key(kit: Kit) -> None:
    session = kit.open()
    first = kit.jobs.submit(session, submission(idempotency_key="k"), SETTLED)
    assert kit.jobs.submit(session, submission(idempotency_key="k"), SETTLED) == (first[0], True)
    assert len(kit.history.read(session)) == 2


def test_settled_jobs_keep_the_history_capped(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_history_messages=4)
    session = kit.open()
    for n in range(4):
        kit.submit(session, f"help {n}", settled=SETTLED)
    assert [message.text for message in kit.history.read(session)][::2] == ["help 2", "help 3"]
