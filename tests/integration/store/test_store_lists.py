"""What the web side asks of jobs beyond one: lists, places in line, single erasures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import keys
from store.events import Events
from store.submission import Settled
from tests.integration.ledger_kit import Kit, submission


def _ids(kit: Kit, key_id: str = "key_a", **more: object) -> list[str]:
    wanted = {"session_id": None, "status": None, "limit": 100, "cursor": None, **more}
    return [job.id for job in kit.jobs.list(key_id, **wanted)[0]]  # type: ignore[arg-type]


def test_a_key_lists_its_own_jobs_newest_first(kit: Kit) -> None:
    one, two, foreign = kit.open(), kit.open(), kit.open("key_b")
    mine = [kit.submit(one), kit.submit(two), kit.submit(one)]
    theirs = kit.submit(foreign)

    assert _ids(kit) == mine[::-1]
    assert _ids(kit, "key_b") == [theirs]
    assert _ids(kit, session_id=one.id) == [mine[2], mine[0]]
    kit.run(mine[0])
    assert _ids(kit, status="completed") == [mine[0]]


def test_pages_follow_each_other_without_a_gap_or_a_repetition(kit: Kit) -> None:
    session = kit.open()
    all_of_them = [kit.submit(session) for _ in range(7)]

    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page, cursor = kit.jobs.list("key_a", session_id=None, status=None, limit=2, cursor=cursor)
        seen += [job.id for job in page]
    assert seen == all_of_them[::-1]
    assert cursor is None


def test_erased_sessions_are_not_listed(kit: Kit) -> None:
    gone, stays = kit.open(), kit.open()
    kit.submit(gone)
    kept = kit.submit(stays)

    kit.sessions.erase(gone.id)

    assert _ids(kit) == [kept]
    assert kit.redis.zcard(keys.jobs_of("key_a")) == 1


def test_a_finished_job_can_be_erased_with_its_turns_and_nothing_else(kit: Kit) -> None:
    session = kit.open()
    first, second = kit.submit(session, "first words", idempotency_key="k"), kit.submit(session, "second words")
    kit.run(first)
    kit.run(second)

    receipt = kit.jobs.erase(kit.job(first), kit.again(session))

    assert receipt is not None and receipt["messages"] == 2
    assert kit.jobs.get(first, "key_a") is None
    assert not [name for name in kit.redis.scan_iter(f"*{first}*")]
    assert not [name for name in kit.redis.scan_iter("rr:idempotency:*")]
    assert [message.job_id for message in kit.history.read(kit.again(session))] == [second, second]
    assert kit.redis.exists(keys.REWRITE_DUE)


def test_a_job_that_runs_or_waits_is_not_erased(kit: Kit) -> None:
    session = kit.open()
    running, waiting = kit.submit(session), kit.submit(session)
    kit.claim(running)

    for job_id in (running, waiting):
        assert kit.jobs.erase(kit.job(job_id), kit.again(session)) is None
        assert kit.job(job_id).status in {"in_progress", "queued"}


def test_a_place_in_line_counts_who_goes_first(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    one, two, three = kit.open(), kit.open(), kit.open()
    running, behind = kit.submit(one), kit.submit(one)
    next_head, last_head = kit.submit(two), kit.submit(three)
    kit.claim(running)

    assert kit.job(running).queue_position is None
    assert kit.job(behind).queue_position == 1
    assert kit.job(next_head).queue_position == 1
    assert kit.job(last_head).queue_position == 2


def test_an_estimate_needs_enough_recent_jobs(kit: Kit) -> None:
    session = kit.open()
    for _ in range(4):
        kit.run(kit.submit(session))
    waiting = kit.submit(session)
    assert kit.job(waiting).eta_seconds is None

    kit.redis.delete(keys.durations("m"))
    kit.redis.rpush(keys.durations("m"), 1000, 3000, 2000, 2000, 9000)
    assert kit.job(waiting).eta_seconds == 2.0
    kit.claim(waiting)
    assert kit.job(waiting).eta_seconds is None


def test_a_cancel_leaves_a_receipt_of_its_first_asking(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    kit.claim(job_id).progress(stage="generating")
    assert kit.job(job_id).cancel is None

    kit.cancel(job_id)
    receipt = kit.job(job_id).cancel
    kit.cancel(job_id)

    assert receipt is not None and receipt["stage"] == "generating"
    assert kit.job(job_id).cancel == receipt


def test_a_new_message_can_cancel_what_stands_before_it(kit: Kit) -> None:
    session, other = kit.open(), kit.open()
    running, waiting, elsewhere = kit.submit(session), kit.submit(session), kit.submit(other)
    kit.claim(running)

    newest = kit.submit(session, on_busy="cancel_previous", idempotency_key="k")

    assert [kit.job(job_id).status for job_id in (running, waiting, newest, elsewhere)] == [
        "cancelling",
        "cancelled",
        "queued",
        "queued",
    ]
    again, replayed = kit.jobs.submit(kit.again(session), submission(on_busy="cancel_previous", idempotency_key="k"))
    assert (again, replayed) == (newest, True)
    assert kit.job(newest).status == "queued", "a replay does not cancel itself"


def test_making_way_never_cancels_a_newer_job(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    session = kit.open()
    newer: list[str] = []
    submit = kit.jobs._try_submit

    def finish_and_submit_another(*arguments: Any) -> list[bytes]:
        answer = submit(*arguments)
        if not newer:
            newer.append("")
            kit.run(keys.job_id(session.id, 1))
            newer[0] = kit.submit(kit.again(session))
        return answer

    monkeypatch.setattr(kit.jobs, "_try_submit", finish_and_submit_another)
    kit.submit(session, on_busy="cancel_previous")

    assert kit.job(newer[0]).status == "queued"


def test_a_replay_makes_way_if_the_first_request_died_before_it_could(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kit.open()
    before = kit.submit(session)
    with monkeypatch.context() as died:
        died.setattr(kit.jobs, "_make_way", lambda *_: None)
        kit.submit(session, on_busy="cancel_previous", idempotency_key="k")
    assert kit.job(before).status == "queued"

    kit.submit(kit.again(session), on_busy="cancel_previous", idempotency_key="k")

    assert kit.job(before).status == "cancelled"


def test_a_new_attempt_does_not_show_the_stage_of_the_last(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    kit.claim(job_id).progress(stage="generating")
    kit.end_lease(job_id)
    kit.claim(job_id)

    assert kit.job(job_id).stage is None


def test_an_answer_on_the_spot_has_its_sentence_in_the_stream(kit: Kit) -> None:
    session = kit.open()
    settled = Settled("escalated", "Please call 911 now.", [])
    job_id = kit.submit(session, settled=settled)

    [event] = Events(kit.redis).after(job_id, kit.again(session), "")
    assert (event.type, event.data) == ("token", {"text": "Please call 911 now."})
