from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import keys
from store.crypto import SealError, Vault
from store.sessions import SessionCapReached, Sessions
from tests.integration.ledger_kit import Kit

MINUTE = 60_000
HOUR = 60 * MINUTE


def _expires_at(kit: Kit, session_id: str) -> int:
    """As the record has it, and as both indexes do."""
    stored = int(kit.redis.hget(keys.session(session_id), "expires_at"))
    assert kit.redis.zscore(keys.SESSIONS, session_id) == stored
    assert kit.redis.zscore(keys.sessions_of("key_a"), session_id) == stored
    return stored


def _server_ms(kit: Kit) -> float:
    seconds, microseconds = kit.redis.time()
    return float(seconds * 1000 + microseconds / 1000)


def test_an_opened_session_can_be_read_by_its_owner(kit: Kit) -> None:
    opened = kit.open("key_a", {"name": "June", "n": [1, None]})
    found = kit.sessions.get(opened.id, "key_a")
    assert found is not None
    assert (found.id, found.key_id, found.jobs, found.state) == (opened.id, "key_a", 0, None)
    assert (found.created_at, found.expires_at) == (opened.created_at, opened.expires_at)
    assert found.metadata == opened.metadata == {"name": "June", "n": [1, None]}
    assert keys.SESSION_ID.fullmatch(opened.id)
    assert found.expires_at == found.created_at + 90 * MINUTE == _expires_at(kit, opened.id)


@pytest.mark.parametrize("session_id", ["", "sess_" + "0" * 32, "*", "nonsense"])
def test_an_unknown_session_is_none(kit: Kit, session_id: str) -> None:
    assert kit.sessions.get(session_id) is None
    assert kit.sessions.get(session_id, "key_a") is None


def test_another_keys_session_job_or_history_is_as_good_as_unknown(kit: Kit) -> None:
    session = kit.open("key_a")
    job_id = kit.submit(session)
    kit.run(job_id)
    assert kit.sessions.get(session.id, "key_b") is None
    assert kit.jobs.get(job_id, "key_b") is None
    assert kit.jobs.get(job_id, "") is None
    assert kit.jobs.get(job_id, "key_a") is not None


@pytest.mark.parametrize("job", ["", "nonsense", "job_x_1", "rr:session:x"])
def test_what_is_no_job_id_is_no_job(kit: Kit, job: str) -> None:
    session = kit.open()
    kit.submit(session)
    for job_id in (job, f"{keys.job_id(session.id, 1)}0", keys.job_id(session.id, 2)):
        assert kit.jobs.get(job_id, "key_a") is None


def test_an_expired_session_is_gone_for_every_reader(kit: Kit) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    kit.end_session(session)
    assert kit.sessions.get(session.id) is None
    assert kit.jobs.get(job_id, "key_a") is None


def test_a_session_whose_master_key_is_gone_says_so(kit: Kit) -> None:
    session = kit.open()
    other = Sessions(kit.redis, Vault((b"x" * 32,)), kit.settings)
    with pytest.raises(SealError, match="DATA_ENCRYPTION_KEYS"):
        other.get(session.id)
    rotated = Sessions(kit.redis, Vault((b"x" * 32, *kit.settings.data_encryption_keys)), kit.settings)
    assert rotated.get(session.id) is not None


def test_one_key_may_open_so_many_sessions(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_sessions_per_api_key=2)
    first = kit.open("key_a")
    kit.open("key_a")
    before = kit.dump()
    with pytest.raises(SessionCapReached, match="MAX_SESSIONS_PER_API_KEY"):
        kit.open("key_a")
    assert kit.dump() == before
    kit.open("key_b")
    kit.sessions.erase(first.id)
    kit.open("key_a")


def test_all_keys_together_may_open_so_many_sessions(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(max_total_sessions=2)
    kit.open("key_a")
    second = kit.open("key_b")
    before = kit.dump()
    with pytest.raises(SessionCapReached, match="MAX_TOTAL_SESSIONS"):
        kit.open("key_c")
    assert kit.dump() == before
    kit.sessions.erase(second.id)
    kit.open("key_c")


@pytest.mark.parametrize("cap", ["max_sessions_per_api_key", "max_total_sessions"])
def test_expired_sessions_count_towards_no_cap(make_kit: Callable[..., Kit], cap: str) -> None:
    kit = make_kit(**{cap: 1})
    kit.end_session(kit.open())
    kit.open()
    with pytest.raises(SessionCapReached):
        kit.open()


@pytest.mark.parametrize("cap", ["max_sessions_per_api_key", "max_total_sessions"])
def test_sessions_opened_at_once_do_not_slip_over_the_cap(make_kit: Callable[..., Kit], cap: str) -> None:
    kit = make_kit(**{cap: 5})

    def opened(_: int) -> bool:
        try:
            return bool(kit.open())
        except SessionCapReached:
            return False

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(opened, range(20))) == 5


@pytest.mark.parametrize("use", ["submit", "commit"])
def test_a_session_lives_on_from_its_last_use(kit: Kit, use: str) -> None:
    session = kit.open()
    job_id = kit.submit(session)
    soon = int(_server_ms(kit)) + 15 * MINUTE
    kit.redis.hset(keys.session(session.id), "expires_at", soon)
    if use == "submit":
        kit.submit(session)
    else:
        kit.run(job_id)
    assert _server_ms(kit) + 89 * MINUTE < _expires_at(kit, session.id) <= _server_ms(kit) + 90 * MINUTE


def test_a_session_never_lives_past_its_absolute_end(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(session_max_hours=1)
    session = kit.open()
    assert session.expires_at == session.created_at + HOUR
    job_id = kit.submit(session)
    kit.run(job_id)
    assert _expires_at(kit, session.id) == session.created_at + HOUR


def test_a_session_outlives_the_deadline_of_every_job_it_accepted(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(session_ttl_minutes=1)
    session = kit.open()
    patient, quick = kit.submit(session, deadline_ms=10 * MINUTE), kit.submit(session, deadline_ms=MINUTE)
    deadline = int(kit.redis.hget(keys.job(patient), "deadline"))
    assert _expires_at(kit, session.id) >= deadline
    kit.run(patient)
    assert _expires_at(kit, session.id) >= int(kit.redis.hget(keys.job(quick), "deadline"))
    third = kit.submit(session, deadline_ms=10 * MINUTE)
    kit.run(quick)
    assert _expires_at(kit, session.id) >= int(kit.redis.hget(keys.job(third), "deadline"))
