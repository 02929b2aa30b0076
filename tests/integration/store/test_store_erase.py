from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from store import keys
from store.hold import JobLost
from store.job_errors import INTERNAL
from store.scripts import Scripts
from store.submission import Settled, SubmitRefused
from tests.integration.ledger_kit import Kit, submission, wait_for

SETTLED = Settled("escalated", "Please call 911 now.", [])


def test_erasing_mid_run_leaves_no_key_and_the_holder_can_make_none(kit: Kit) -> None:
    session = kit.open(metadata={"name": "June"})
    kit.run(kit.submit(session, idempotency_key="k"))
    kit.submit(session, settled=SETTLED)
    running = kit.speak(session)
    kit.submit(session)
    hold = kit.claim(running)
    hold.progress(stage="speaking", event={"type": "token"}, transcript={"text": "x"}, speech=b"ID3")
    assert len(kit.keys_of(session)) > 10
    assert kit.sessions.erase(session.id, "key_a") == {
        "sessions": 1,
        "messages": 4,
        "jobs": 4,
        "events": 2,  # one of them the reply that was settled on the spot
        "recordings": 2,
        "deliveries": 0,
    }
    assert kit.keys_of(session) == []
    assert not list(kit.redis.scan_iter("rr:idempotency:*"))
    writes: list[Callable[[], None]] = [
        lambda: hold.progress(stage="generating", event={"type": "token"}, speech=b"ID3"),
        lambda: kit.commit(hold),
        lambda: hold.fail(INTERNAL),
        lambda: hold.release(delay_ms=0, waiting_for="model", refund=True),
    ]
    for write in writes:
        with pytest.raises(JobLost):
            write()
    with pytest.raises(JobLost):
        hold.audio()
    kit.ledger.renew([hold])
    kit.ledger.reap()
    assert kit.keys_of(session) == []


def test_after_erasing_nothing_of_the_session_answers(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    kit.sessions.erase(session.id)
    assert kit.sessions.get(session.id) is None
    assert kit.jobs.get(job_id, "key_a") is None
    assert kit.history.read(session) == []
    assert kit.ledger.claim(job_id) is None
    with pytest.raises(SubmitRefused, match="gone"):
        kit.submit(session)
    assert kit.sessions.erase(session.id) is None


def test_erasing_a_running_session_gives_its_slot_to_the_next(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    session = kit.open()
    kit.claim(kit.submit(session))
    waiting, later = kit.submit(kit.open()), kit.submit(kit.open())
    kit.sessions.erase(session.id)
    assert waiting in kit.messages()
    assert later not in kit.messages()
    kit.run(waiting)
    assert later in kit.messages()


def test_erasing_a_session_that_waits_for_a_slot_lets_nobody_run_in_its_place(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    head = kit.submit(kit.open())
    waiting = kit.open()
    kit.submit(waiting)
    kit.sessions.erase(waiting.id)
    kit.run(head)
    assert kit.messages() == [head]


def test_an_erased_idempotency_key_can_be_used_again(kit: Kit) -> None:
    erased = kit.open()
    kit.submit(erased, idempotency_key="k")
    kit.sessions.erase(erased.id)
    session = kit.open()
    assert kit.jobs.submit(session, submission(idempotency_key="k")) == (keys.job_id(session.id, 1), False)


def test_other_sessions_keep_everything(kit: Kit) -> None:
    kept = kit.open()
    kit.run(kit.submit(kept, idempotency_key="kept"))
    kit.claim(kit.submit(kept))
    before = {key: value for key, value in kit.dump().items() if kept.id[5:].encode() in key}
    erased = kit.open()
    kit.submit(erased)
    kit.sessions.erase(erased.id)
    after = {key: value for key, value in kit.dump().items() if kept.id[5:].encode() in key}
    assert len(before) >= 5
    assert after == before
    assert kit.sessions.get(kept.id) is not None


@pytest.mark.parametrize("expired", [False, True])
def test_a_foreign_or_expired_session_cannot_be_erased_by_hand(kit: Kit, expired: bool) -> None:
    session = kit.open("key_a")
    kit.submit(session)
    if expired:
        kit.end_session(session)
    before = kit.dump()
    assert kit.sessions.erase(session.id, "key_a" if expired else "key_b") is None
    assert kit.sessions.erase("sess_" + "0" * 32, "key_a") is None
    assert kit.dump() == before


def test_erasing_while_jobs_come_in_leaves_either_everything_or_nothing(kit: Kit) -> None:
    session = kit.open()

    def submit(_: int) -> bool:
        try:
            return bool(kit.submit(session))
        except SubmitRefused:
            return False

    with ThreadPoolExecutor(8) as pool:
        submits = pool.map(submit, range(60))
        receipt = pool.submit(kit.sessions.erase, session.id).result()
        accepted = sum(submits)
    assert receipt is not None
    assert receipt["jobs"] == accepted
    assert kit.keys_of(session) == []


def test_a_job_that_comes_in_while_an_erasure_begins_is_erased_too(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    session = kit.open()
    kit.submit(session)
    run = Scripts.run
    late: list[str] = []

    def run_late(self: Scripts, name: str, *arguments: Any) -> Any:
        if name == "erase" and not late:
            late.append("")
            late[0] = kit.submit(kit.again(session))
        return run(self, name, *arguments)

    monkeypatch.setattr(Scripts, "run", run_late)
    receipt = kit.sessions.erase(session.id)
    assert receipt is not None
    assert receipt["jobs"] == 2
    assert late == [keys.job_id(session.id, 2)]
    assert kit.keys_of(session) == []


def test_a_full_server_can_still_be_erased_from(kit: Kit) -> None:
    session = kit.open()
    kit.run(kit.submit(session))
    [limit] = kit.redis.config_get("maxmemory").values()
    kit.redis.config_set("maxmemory", "1")
    try:
        receipt = kit.sessions.erase(session.id)
    finally:
        kit.redis.config_set("maxmemory", limit)
    assert receipt is not None
    assert receipt["messages"] == 2
    assert kit.keys_of(session) == []
    assert kit.redis.exists(keys.REWRITE_DUE)


def test_the_sweep_erases_expired_sessions_only(kit: Kit) -> None:
    expired, alive = kit.open(), kit.open()
    for session in (expired, alive):
        kit.run(kit.submit(session))
        kit.submit(session)
    kit.end_session(expired)
    assert kit.sessions.sweep() == 1
    assert kit.keys_of(expired) == []
    assert len(kit.history.read(kit.again(alive))) == 2
    assert kit.sessions.sweep() == 0


def test_a_session_that_was_used_again_is_not_swept_by_an_old_list(kit: Kit) -> None:
    session = kit.open()
    kit.redis.zadd(keys.SESSIONS, {session.id: 1})  # what a sweep read before the session was used again
    assert kit.sessions.sweep() == 0
    assert kit.again(session)


def test_the_sweep_forgets_sessions_that_redis_dropped(kit: Kit) -> None:
    session = kit.open()
    kit.end_session(session)
    kit.redis.delete(keys.session(session.id))
    assert kit.sessions.sweep() == 0
    assert kit.redis.zcard(keys.SESSIONS) == 0


def _rewrites(kit: Kit) -> int:
    """How many rewrites of the append-only file were finished."""
    info = kit.redis.info()
    busy = info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]
    return -1 if busy else int(info["aof_rewrites"])


def test_an_erasure_is_followed_by_one_rewrite_of_the_log(kit: Kit) -> None:
    wait_for(lambda: _rewrites(kit) >= 0)
    before = _rewrites(kit)
    kit.sessions.rewrite_log_if_due()
    assert _rewrites(kit) == before
    kit.sessions.erase(kit.open().id)
    kit.sessions.rewrite_log_if_due()
    kit.sessions.rewrite_log_if_due()
    wait_for(lambda: _rewrites(kit) == before + 1)


def test_an_erasure_during_a_rewrite_gets_a_rewrite_of_its_own(kit: Kit) -> None:
    wait_for(lambda: _rewrites(kit) >= 0)
    before = _rewrites(kit)
    first, second = kit.open(), kit.open()
    kit.redis.config_set("rdb-key-save-delay", 200_000)  # µs a key: the rewrite takes its time
    try:
        kit.sessions.erase(first.id)
        kit.sessions.rewrite_log_if_due()
        assert kit.redis.info()["aof_rewrite_in_progress"]
        kit.sessions.erase(second.id)
        kit.sessions.rewrite_log_if_due()
    finally:
        kit.redis.config_set("rdb-key-save-delay", 0)
    wait_for(lambda: _rewrites(kit) > before)
    kit.sessions.rewrite_log_if_due()
    wait_for(lambda: _rewrites(kit) == before + 2)
