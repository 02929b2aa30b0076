"""Redis is refused new things before it is full, and recordings together may not take it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError

from store import keys
from store.job_errors import INTERNAL
from store.memory import Memory
from store.submission import Settled
from tests.integration.ledger_kit import Kit


@pytest.fixture
def fill(redis: Any) -> Iterator[Callable[[float], None]]:
    """Have so much of its memory be in use, by lowering what it may have."""
    [limit] = redis.config_get("maxmemory").values()
    redis.setrange("ballast", 20_000_000, b"x")

    def set_maxmemory(share: float) -> None:
        redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] / share))

    yield set_maxmemory
    redis.config_set("maxmemory", limit)


def _held(redis: Any) -> int:
    return int(redis.get(keys.AUDIO_HELD) or 0)


def test_above_nine_tenths_new_jobs_and_sessions_are_refused_and_nothing_else(
    make_kit: Callable[..., Kit], fill: Callable[[float], None]
) -> None:
    before = make_kit()
    session, other = before.open(), before.open()
    running, waiting = before.submit(session), before.submit(session)
    fill(0.93)
    kit = make_kit()

    for refused in (kit.open, lambda: kit.submit(session), lambda: kit.speak(session)):
        with pytest.raises(OutOfMemoryError):
            refused()

    assert kit.job(running).status == "queued"
    assert kit.cancel(waiting) == "queued"
    kit.run(running)
    kit.submit(kit.again(session), settled=Settled("escalated", "Please call 911.", []))
    assert kit.sessions.erase(other.id)
    fill(0.85)
    make_kit().submit(kit.again(session))


def test_erasing_frees_a_server_that_is_full_to_the_brim(
    make_kit: Callable[..., Kit], fill: Callable[[float], None]
) -> None:
    kit = make_kit()
    session = kit.open()
    running, waiting = kit.speak(session), kit.speak(session)
    kit.claim(running)
    fill(1.5)

    assert kit.sessions.erase(session.id)
    assert kit.keys_of(session) == []
    assert _held(kit.redis) == 0
    assert waiting


def test_redis_is_asked_once_a_second_at_most(kit: Kit) -> None:
    memory = Memory(kit.redis)
    kit.redis.config_resetstat()
    assert [memory.room() for _ in range(50)] == [memory.room()] * 50
    assert kit.redis.info("commandstats")["cmdstat_info"]["calls"] == 1


def test_recordings_together_take_half_of_the_memory_at_most(
    make_kit: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_kit()
    cap = Memory(kit.redis).room().for_audio
    assert cap == int(kit.redis.config_get("maxmemory")["maxmemory"]) // 2
    monkeypatch.setattr("store.memory.Room.for_audio", 2500)
    session = kit.open()
    first, second = (kit.speak(session, audio=b"x" * 1000) for _ in range(2))
    held = _held(kit.redis)
    assert 2000 < held < 2500
    before = kit.dump()

    with pytest.raises(OutOfMemoryError):
        kit.speak(session, audio=b"x" * 1000)
    assert kit.dump() == before
    kit.submit(session)  # a message needs none of it

    kit.run(first)
    assert _held(kit.redis) == held / 2
    kit.speak(kit.again(session), audio=b"x" * 1000)
    kit.cancel(second)
    assert _held(kit.redis) == held / 2
    kit.sessions.erase(session.id)
    assert _held(kit.redis) == 0


def test_what_recordings_that_ran_out_unswept_held_is_free_again(kit: Kit) -> None:
    kit.redis.set(keys.AUDIO_HELD, 10**12)

    hold = kit.claim(kit.speak(kit.open()))

    assert 0 < _held(kit.redis) < 1000
    hold.fail(INTERNAL)
    assert _held(kit.redis) == 0
