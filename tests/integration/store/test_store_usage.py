"""What jobs cost: reserved as they are accepted, charged as they end, however they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from store import keys
from store.hold import JobLost
from store.job_errors import INTERNAL
from store.prices import rates
from store.sessions import Session
from store.submission import LimitsReached, Settled
from store.usage import Day, Standing, Usage, reserve
from tests.integration.ledger_kit import Kit, recording, submission

HOSTED: dict[str, Any] = {
    "offline": False,
    "openai_model": "gpt-4o-mini",
    "openai_transcription_model": "whisper-1",
    "openai_speech_model": "tts-1",
}
SPENT = (1000, 200)  # tokens
COST = 1000 * 15 // 100 + 200 * 60 // 100  # of gpt-4o-mini, in micro-dollars
DAY_MS = 86_400_000


@pytest.fixture
def paid(make_kit: Callable[..., Kit]) -> Kit:
    return make_kit(**HOSTED)


def _standing(kit: Kit, key_id: str = "key_a") -> Standing:
    return Usage(kit.redis, kit.settings).standing(key_id)


def _today(kit: Kit, key_id: str = "key_a") -> Day:
    return _standing(kit, key_id).days[0]


def _most(kit: Kit) -> int:
    """What one message of the tests reserves."""
    return reserve(submission(), kit.settings, rates(kit.settings))


def _dollars(micro: int) -> Decimal:
    return Decimal(micro) / 1_000_000


def _completed(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    kit.commit(hold)
    hold.spent = (9, 9)  # too late
    kit.ledger.renew([hold])


def _failed(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    hold.spent = (120, 30)
    hold.fail(INTERNAL)


def _cancelled(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    kit.cancel(job_id)
    hold.spent = (120, 30)
    hold.acknowledge_cancel()


def _expired(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    hold.spent = (120, 30)
    hold.release(delay_ms=0, waiting_for="model", refund=True)
    kit.end_deadline(job_id)
    assert kit.ledger.reap() == {"expired": 1}


def _erased(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    hold.spent = (120, 30)
    hold.progress(stage="generating")
    assert kit.sessions.erase(session.id)


def _swept(kit: Kit, session: Session, job_id: str) -> None:
    hold = kit.claim(job_id)
    hold.spent = (120, 30)
    hold.progress(stage="generating")
    kit.end_session(session)
    assert kit.sessions.sweep() == 1


@pytest.mark.parametrize("end", [_completed, _failed, _cancelled, _expired, _erased, _swept])
def test_whatever_becomes_of_a_job_its_cost_is_charged_and_its_reserve_free_again(
    paid: Kit, end: Callable[[Kit, Session, str], None]
) -> None:
    session = paid.open()
    job_id = paid.submit(session)
    assert _standing(paid).reserved == _most(paid) > 0
    other = paid.submit(paid.open("key_a"))

    end(paid, session, job_id)

    assert _standing(paid).reserved == _most(paid)  # of the other job
    today = _today(paid)
    assert (today.jobs, today.input_tokens, today.output_tokens, today.cost) == (2, 120, 30, 36)
    paid.cancel(other)
    assert _standing(paid).reserved == 0
    assert _today(paid, "key_b").cost == 0


def test_what_is_charged_is_charged_once(paid: Kit) -> None:
    session = paid.open()
    job_id = paid.submit(session)
    hold = paid.claim(job_id)
    paid.commit(hold)
    before = _standing(paid)

    with pytest.raises(JobLost):
        hold.fail(INTERNAL)
    paid.cancel(job_id)
    paid.ledger.reap()
    paid.jobs.erase(paid.job(job_id), paid.again(session))
    paid.sessions.erase(session.id)

    assert replace(_standing(paid), sessions=1, all_sessions=1) == before


def test_a_job_that_never_ran_costs_nothing(paid: Kit) -> None:
    paid.cancel(paid.submit(paid.open()))

    today = _today(paid)
    assert (today.jobs, today.input_tokens, today.cost, _standing(paid).reserved) == (1, 0, 0, 0)


def test_every_attempt_is_charged_also_those_of_killed_workers(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, job_max_attempts=2)
    job_id = kit.submit(kit.open())
    for _ in range(2):
        hold = kit.claim(job_id)
        hold.spent = SPENT
        kit.ledger.renew([hold])  # all that a worker did before it was killed in its first call
        kit.end_lease(job_id)
        kit.ledger.reap()

    job = kit.job(job_id)
    assert (job.status, job.error and job.error.code) == ("failed", "attempts_exhausted")
    assert job.usage and job.usage["cost_usd"] == f"{_dollars(2 * COST):.6f}"
    assert job.usage["input_tokens"] == 2 * SPENT[0]
    assert (_today(kit).cost, _today(kit).input_tokens) == (2 * COST, 2 * SPENT[0])


def test_audio_and_speech_are_charged_by_length(paid: Kit) -> None:
    job_id = paid.speak(paid.open(), speak=True)
    hold = paid.claim(job_id)
    hold.audio_ms, hold.characters = 90_000, 400
    paid.commit(hold)

    usage = paid.job(job_id).usage
    today = _today(paid)
    assert (today.audio_ms, today.characters) == (90_000, 400)
    assert today.cost == 36 + 9_000 + 6_000  # 1.5 minutes at 0.006, 400 characters at 15 a million
    assert usage and (usage["cost_usd"], usage["audio_seconds"]) == ("0.015036", 90.0)


def test_python_and_lua_do_the_same_sum(paid: Kit) -> None:
    price = rates(paid.settings)
    for tokens, audio_ms, characters in [((1, 0), 0, 0), ((7, 3), 1, 1), ((8191, 599), 299_999, 2_399)]:
        before = _today(paid).cost
        hold = paid.claim(paid.submit(paid.open()))
        hold.audio_ms, hold.characters, hold.spent = audio_ms, characters, tokens
        hold.fail(INTERNAL)
        used = {"input_tokens": tokens[0], "output_tokens": tokens[1], "audio_ms": audio_ms, "characters": characters}
        assert _today(paid).cost - before == price.cost(**used)


def test_offline_models_are_free_and_counted(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    assert _standing(kit).reserved == 0
    kit.run(job_id)

    usage = kit.job(job_id).usage
    assert usage and usage["cost_usd"] == "0.000000"
    assert (_today(kit).cost, _today(kit).input_tokens) == (0, 120)


def test_a_model_without_a_price_shows_no_cost_and_is_counted_at_the_dearest(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**{**HOSTED, "openai_model": "a-model-of-our-own"})
    job_id = kit.submit(kit.open())
    kit.run(job_id)

    usage = kit.job(job_id).usage
    assert usage and usage["cost_usd"] is None
    assert _today(kit).cost == 120 * 15 + 30 * 60


def test_over_the_budget_a_job_is_refused_and_leaves_nothing_behind(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=_dollars(10 * _most(make_kit(**HOSTED))))
    session, others = kit.open(), kit.open("key_b")
    for _ in range(10):
        kit.submit(session)
    before = kit.dump()

    with pytest.raises(LimitsReached) as refused:
        kit.submit(session)

    assert refused.value.policies == ["DAILY_BUDGET_USD"]
    to_midnight = DAY_MS / 1000 - time.time() % 86_400
    assert refused.value.day_ends == pytest.approx(to_midnight, abs=5)
    assert kit.dump() == before
    kit.submit(others)


def test_no_budget_refuses_nothing(paid: Kit) -> None:
    session = paid.open()
    paid.redis.hset(keys.usage("key_a"), f"{int(time.time()) // 86_400}:cost", 10**12)

    paid.submit(session)


def test_jobs_accepted_at_the_same_moment_never_reserve_more_than_the_budget(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=_dollars(7 * _most(make_kit(**HOSTED))))
    sessions = [kit.open() for _ in range(5)]

    def accepted(number: int) -> bool:
        try:
            kit.submit(sessions[number % 5])
        except LimitsReached:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(accepted, range(20))) == 7
    assert _standing(kit).reserved == 7 * _most(kit)


def test_what_a_job_did_not_use_is_there_for_the_next(make_kit: Callable[..., Kit]) -> None:
    most = _most(make_kit(**HOSTED))
    kit = make_kit(**HOSTED, daily_budget_usd=_dollars(most + 40))
    session = kit.open()
    kit.run(kit.submit(session))  # 36 micro-dollars
    kit.run(kit.submit(session))

    with pytest.raises(LimitsReached, match="limits"):
        kit.submit(session)
    assert _standing(kit).left(most + 40) == most - 32


def test_every_limit_that_is_reached_is_named(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=Decimal(0), max_waiting_jobs_per_api_key=1)
    unlimited = make_kit(**HOSTED)
    session = kit.open()
    for _ in range(2):  # one runs, one waits
        unlimited.submit(kit.again(session))

    with pytest.raises(LimitsReached) as refused:
        kit.submit(session)
    assert refused.value.policies == ["MAX_WAITING_JOBS_PER_API_KEY", "DAILY_BUDGET_USD"]


def test_an_escalated_message_is_never_refused_for_the_budget(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=Decimal(0))

    job_id = kit.submit(kit.open(), settled=Settled("escalated", "Please call 911.", []))

    assert kit.job(job_id).outcome == "escalated"
    assert (_today(kit).jobs, _today(kit).cost, _standing(kit).reserved) == (1, 0, 0)


def test_a_new_day_begins_with_nothing_spent_and_old_days_are_forgotten(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=_dollars(_most(make_kit(**HOSTED))))
    today = int(time.time()) // 86_400
    spent = {f"{today - ago}:{what}": 10**9 for ago in (1, 6, 7, 8, 30) for what in ("cost", "jobs")}
    kit.redis.hset(keys.usage("key_a"), mapping=spent)

    kit.submit(kit.open())

    assert [day.cost for day in _standing(kit).days] == [0, 10**9, 0, 0, 0, 0, 10**9]
    kept = {int(field.partition(b":")[0]) for field in kit.redis.hkeys(keys.usage("key_a")) if b":" in field}
    assert kept == {today, today - 1, today - 6, today - 7}
    assert 0 < kit.redis.pttl(keys.usage("key_a")) <= 8 * DAY_MS


def test_what_jobs_that_ran_out_unswept_reserved_is_free_again(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit(**HOSTED, daily_budget_usd=_dollars(_most(make_kit(**HOSTED))))
    session = kit.open()
    lost = kit.submit(session)
    kit.redis.delete(keys.job(lost), keys.line(session.id))
    kit.redis.zadd(keys.open_jobs("key_a"), {lost: 1})
    kit.redis.zadd(keys.running("key_a", "m"), {f"m:{lost}": 1})

    assert _standing(kit).reserved == 0
    kit.submit(session)
    assert _standing(kit).reserved == _most(kit)


def test_a_recording_is_reserved_for_by_its_size_up_to_the_longest_that_is_heard(paid: Kit) -> None:
    price = rates(paid.settings)
    short, long = (reserve(recording(b"x" * size), paid.settings, price) for size in (5_000, 5_000_000))

    assert short - reserve(submission(text=""), paid.settings, price) == 10 * 100 + 10 * 5 * 15 // 100 + 1
    assert long < 5 * price.cost(input_tokens=10_000, output_tokens=0, audio_ms=300_000, characters=0)
    assert long > price.cost(input_tokens=0, output_tokens=0, audio_ms=300_000, characters=0)
