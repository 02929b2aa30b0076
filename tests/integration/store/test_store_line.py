from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from store import keys
from store.job_errors import INTERNAL
from tests.integration.ledger_kit import Kit

pytestmark = pytest.mark.usefixtures("redis")


def test_only_the_head_of_a_line_runs_and_its_end_lets_the_next_one_run(kit: Kit) -> None:
    session = kit.open()
    first, second, third = (kit.submit(session) for _ in range(3))
    assert kit.messages() == [first]
    assert kit.ledger.claim(second) is None
    assert kit.ledger.claim(third) is None
    kit.run(first)
    assert kit.messages() == [first, second]
    assert kit.ledger.claim(third) is None
    kit.claim(second).fail(INTERNAL)
    assert kit.messages() == [first, second, third]
    kit.run(third)
    assert kit.line(session) == []
    assert kit.redis.zcard(keys.open_jobs("key_a")) == 0


def test_a_job_that_leaves_from_the_middle_lets_nobody_overtake(kit: Kit) -> None:
    session = kit.open()
    first, second, third = (kit.submit(session) for _ in range(3))
    assert kit.cancel(second) == "queued"
    assert kit.line(session) == [first, third]
    assert kit.messages() == [first]
    assert kit.ledger.claim(third) is None
    kit.run(first)
    assert kit.messages() == [first, third]


def test_text_and_voice_share_one_line(kit: Kit) -> None:
    session = kit.open()
    spoken, written = kit.speak(session), kit.submit(session)
    assert (kit.messages(keys.VOICE), kit.messages()) == ([spoken], [])
    assert kit.ledger.claim(written) is None
    kit.run(spoken)
    assert kit.messages() == [written]


def test_twenty_sessions_run_side_by_side(kit: Kit) -> None:
    heads = [kit.submit(kit.open()) for _ in range(20)]
    assert kit.messages() == heads
    assert len([kit.claim(head) for head in heads]) == 20


def test_the_running_cap_makes_further_sessions_wait_and_run_oldest_first(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=2)
    heads = [kit.submit(kit.open()) for _ in range(5)]
    assert kit.messages() == heads[:2]
    assert kit.ledger.claim(heads[2]) is None
    kit.run(heads[1])
    assert kit.messages() == heads[:3]
    kit.run(heads[0])
    assert kit.messages() == heads[:4]
    kit.cancel(heads[2])
    assert kit.messages() == heads


def test_one_key_at_its_cap_holds_up_no_other(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    mine, waiting = kit.submit(kit.open("key_a")), kit.submit(kit.open("key_a"))
    theirs = kit.submit(kit.open("key_b"))
    assert kit.messages() == [mine, theirs]
    kit.run(theirs)
    assert waiting not in kit.messages()


def test_the_voice_cap_holds_recordings_back_but_no_messages(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(rate_limit_voice_concurrent=1, max_running_jobs_per_api_key=3)
    spoken = [kit.speak(kit.open()) for _ in range(3)]
    written = [kit.submit(kit.open()) for _ in range(3)]
    assert kit.messages(keys.VOICE) == spoken[:1]
    assert kit.messages() == written[:2]
    assert kit.ledger.claim(spoken[1]) is None
    kit.run(spoken[0])  # the oldest that waits is a recording
    assert kit.messages(keys.VOICE) == spoken[:2]
    assert kit.messages() == written[:2]
    kit.run(written[0])  # the next recording is over the voice cap, so a younger message goes first
    assert kit.messages(keys.VOICE) == spoken[:2]
    assert kit.messages() == written


def test_a_new_head_of_an_old_line_waits_behind_those_that_waited_longer(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_running_jobs_per_api_key=1)
    talkative = kit.open()
    first, second = kit.submit(talkative), kit.submit(talkative)
    other = kit.submit(kit.open())
    kit.run(first)
    assert kit.messages() == [first, other]
    kit.run(other)
    assert kit.messages() == [first, other, second]


def test_jobs_whose_keys_ran_out_unswept_do_not_hold_slots_for_ever(make_kit: Callable[..., Kit]) -> None:
    # The machine was off for longer than a session lives, so Redis dropped the records before anybody swept them.
    kit = make_kit(max_running_jobs_per_api_key=1, max_waiting_jobs_per_api_key=1)
    abandoned = kit.open()
    kit.submit(abandoned)
    kit.submit(abandoned)
    long_ago = time.time() * 1000 - 26 * 3_600_000
    for key in [key for key in kit.redis.scan_iter() if kit.redis.pttl(key) > 0]:
        kit.redis.delete(key)
    for key in [*kit.redis.scan_iter("rr:running:*"), keys.DISPATCH, keys.DEADLINES, keys.SESSIONS]:
        kit.redis.zadd(key, {member: long_ago for member in kit.redis.zrange(key, 0, -1)})
    for key in [*kit.redis.scan_iter("rr:open:*"), *kit.redis.scan_iter("rr:ready:*")]:
        kit.redis.zadd(key, {member: long_ago * 1000 for member in kit.redis.zrange(key, 0, -1)})
    kit.ledger.reap()
    kit.sessions.sweep()
    job_id = kit.submit(kit.open())
    assert job_id in kit.messages()


def test_a_crowd_of_one_keys_jobs_leaves_slots_for_another_keys_single_one(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_sessions_per_api_key=200)
    for _ in range(120):
        session = kit.open("key_crowd")
        kit.submit(session)
        kit.submit(session)

    single = kit.submit(kit.open("key_quiet"))

    newest_first = kit.redis.lrange(keys.MESSAGES, 0, -1)
    assert single.encode() in newest_first[0]
    assert len(newest_first) - 1 == kit.settings.max_running_jobs_per_api_key
    assert kit.settings.max_running_jobs_per_api_key < kit.settings.worker_slots, "so every message has a slot"
