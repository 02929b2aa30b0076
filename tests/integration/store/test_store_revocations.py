from __future__ import annotations

import time
from typing import Any

import pytest

from store import keys
from store.api_keys import ApiKeys
from store.hold import JobCancelled
from store.revocations import Revocations
from store.sessions import Session
from tests.integration.ledger_kit import LONG_AGO, Kit


@pytest.fixture
def api_keys(redis: Any) -> ApiKeys:
    return ApiKeys(redis)


@pytest.fixture
def revocations(redis: Any, kit: Kit) -> Revocations:
    return Revocations(redis, kit.jobs, kit.sessions, kit.settings)


def _session(kit: Kit, api_keys: ApiKeys, expires_at: int | None = None) -> Session:
    key, _ = api_keys.create(name="a", scopes=["jobs"], expires_at=expires_at, actor="test")
    return kit.open(key.id)


def test_all_open_jobs_of_a_revoked_key_are_cancelled_and_nobody_elses(
    kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    mine, more, theirs = (_session(kit, api_keys) for _ in range(3))
    more = kit.open(mine.key_id)
    running, queued, elsewhere = kit.submit(mine), kit.submit(mine), kit.speak(more)
    hold, foreign = kit.claim(running), kit.submit(theirs)
    api_keys.revoke(mine.key_id)

    assert revocations.enforce() == 3
    assert [kit.job(job).status for job in (running, queued, elsewhere)] == ["cancelling", "cancelled", "cancelled"]
    assert kit.job(foreign).status == "queued"
    with pytest.raises(JobCancelled):
        hold.progress(stage="generating")
    hold.acknowledge_cancel()
    assert kit.job(running).status == "cancelled"
    assert revocations.enforce() == 0


def test_no_worker_is_sent_for_a_job_that_waits_behind_a_cancelled_one(
    kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    session = _session(kit, api_keys)
    for _ in range(5):
        kit.submit(session)
    before = kit.messages()
    api_keys.revoke(session.key_id)
    revocations.enforce()

    assert kit.messages() == before


def test_jobs_of_a_key_that_expires_are_cancelled_too(
    redis: Any, kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    soon = round(time.time() * 1000) + 60_000
    session = _session(kit, api_keys, expires_at=soon)
    job = kit.submit(session)
    assert revocations.enforce() == 0

    redis.hset(keys.api_key(session.key_id), "expires_at", soon - 61_000)
    redis.zadd(keys.API_KEYS_ENDING, {session.key_id: soon - 61_000})
    assert revocations.enforce() == 1
    assert kit.job(job).status == "cancelled"


def test_jobs_of_a_key_taken_out_of_the_environment_are_cancelled(
    redis: Any, kit: Kit, revocations: Revocations
) -> None:
    found = ApiKeys(redis, plain_keys=["one"]).authenticate(b"one")
    assert found
    job = kit.submit(kit.open(found.id))
    ApiKeys(redis, plain_keys=["two"]).import_from_environment()

    assert revocations.enforce() == 1
    assert kit.job(job).status == "cancelled"


def test_jobs_of_a_key_that_was_put_back_run_on(redis: Any, kit: Kit, revocations: Revocations) -> None:
    found = ApiKeys(redis, plain_keys=["one"]).authenticate(b"one")
    assert found
    ApiKeys(redis, plain_keys=["two"]).import_from_environment()
    ApiKeys(redis, plain_keys=["one"]).import_from_environment()
    job = kit.submit(kit.open(found.id))

    assert (revocations.enforce(), revocations.cancel_jobs(found.id)) == (0, 0)
    assert kit.job(job).status == "queued"


def test_a_job_accepted_in_the_moment_of_the_revocation_is_cancelled_by_the_next_round(
    kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    session = _session(kit, api_keys)
    api_keys.revoke(session.key_id)
    assert revocations.enforce() == 0
    late = kit.submit(session)

    assert revocations.enforce() == 1
    assert kit.job(late).status == "cancelled"


def test_an_erased_session_and_a_key_without_jobs_do_no_harm(
    kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    session = _session(kit, api_keys)
    kit.submit(session)
    kit.sessions.erase(session.id)
    api_keys.revoke(session.key_id)
    api_keys.revoke("key_0000000000000000")

    assert revocations.enforce() == 0


def test_deliveries_of_a_revoked_key_are_given_up_when_their_turn_comes(kit: Kit, api_keys: ApiKeys) -> None:
    session = _session(kit, api_keys)
    kit.listen(session.key_id)
    job = kit.submit(session, webhook={"url": "https://named.example/"})
    kit.run(job)
    assert kit.outbox.fan_out(job) == 2
    api_keys.revoke(session.key_id)

    for delivery in kit.deliveries.of_job(job, session.key_id):
        errand = kit.errands.claim(delivery.id)
        assert errand
        assert (errand.url, errand.nowhere) == (None, "key_revoked")
        assert kit.errands.give_up(errand, errand.nowhere)
    ends = [(one.status, one.reason, one.attempts) for one in kit.deliveries.of_job(job, session.key_id)]
    assert ends == [("failed", "key_revoked", [])] * 2


def test_the_end_of_a_key_is_forgotten_when_nothing_of_it_can_be_left(
    redis: Any, kit: Kit, api_keys: ApiKeys, revocations: Revocations
) -> None:
    api_keys.revoke(_session(kit, api_keys).key_id)
    redis.zadd(keys.API_KEYS_ENDING, {"key_long_ago": LONG_AGO})
    revocations.enforce()

    assert redis.zcard(keys.API_KEYS_ENDING) == 1
    assert not api_keys.ended("key_long_ago")
