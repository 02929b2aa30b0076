"""`RATE_LIMIT_VOICE_CONCURRENT`: so many recordings of a key are worked on, however they come and however they end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import keys
from store.job_errors import INTERNAL
from store.speech import Speech
from tests.integration.ledger_kit import Kit


def _running(kit: Kit) -> int:
    return int(kit.redis.zcard(keys.running("key_a", "v")))


def test_of_twenty_recordings_at_once_ten_run_and_ten_wait_for_their_turn(kit: Kit) -> None:
    sessions = [kit.open() for _ in range(20)]

    with ThreadPoolExecutor(20) as pool:
        jobs = list(pool.map(kit.speak, sessions))

    assert _running(kit) == len(kit.messages(keys.VOICE)) == 10
    done = []
    while left := [job_id for job_id in kit.messages(keys.VOICE) if job_id not in done]:
        assert _running(kit) <= 10
        kit.run(left[0])
        done.append(left[0])
    assert sorted(done) == sorted(jobs)


def _completed(kit: Kit, job_id: str) -> None:
    kit.run(job_id)


def _failed(kit: Kit, job_id: str) -> None:
    kit.claim(job_id).fail(INTERNAL)


def _cancelled(kit: Kit, job_id: str) -> None:
    kit.cancel(job_id)


def _cancelled_while_it_ran(kit: Kit, job_id: str) -> None:
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    hold.acknowledge_cancel()


def _killed_as_it_was_to_be_cancelled(kit: Kit, job_id: str) -> None:
    kit.claim(job_id)
    kit.cancel(job_id)
    kit.end_lease(job_id)
    kit.ledger.reap()


def _killed_too_often(kit: Kit, job_id: str) -> None:
    for _ in range(kit.settings.job_max_attempts):
        kit.claim(job_id)
        kit.end_lease(job_id)
        kit.ledger.reap()


def _expired(kit: Kit, job_id: str) -> None:
    kit.claim(job_id)
    kit.end_deadline(job_id)
    kit.ledger.reap()


def _erased(kit: Kit, job_id: str) -> None:
    kit.claim(job_id)
    assert kit.sessions.erase(kit.job(job_id).session_id)


@pytest.mark.parametrize(
    "end",
    [
        _completed,
        _failed,
        _cancelled,
        _cancelled_while_it_ran,
        _killed_as_it_was_to_be_cancelled,
        _killed_too_often,
        _expired,
        _erased,
    ],
)
def test_every_end_gives_the_slot_to_the_next_recording(
    make_kit: Callable[..., Kit], end: Callable[[Kit, str], None]
) -> None:
    kit = make_kit(rate_limit_voice_concurrent=1)
    first, second = kit.speak(kit.open()), kit.speak(kit.open())
    assert kit.ledger.claim(second) is None

    end(kit, first)

    assert _running(kit) == 1
    assert kit.ledger.claim(second)


def test_a_killed_worker_keeps_the_slot_for_its_job_and_for_no_other(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(rate_limit_voice_concurrent=1)
    first, second = kit.speak(kit.open()), kit.speak(kit.open())
    kit.claim(first).progress(speech=b"what the first attempt said")

    kit.end_lease(first)
    kit.ledger.reap()

    assert _running(kit) == 1
    assert kit.ledger.claim(second) is None
    hold = kit.claim(first)
    session = kit.again(kit.sessions.get(kit.job(first).session_id))  # type: ignore[arg-type]  # it is there
    assert Speech(kit.redis).parts(first, session) == [], "the next attempt speaks from the beginning"
    kit.commit(hold)
    assert kit.ledger.claim(second)
