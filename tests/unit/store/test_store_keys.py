from __future__ import annotations

import pytest

from store import keys

HEX = "0123456789abcdef" * 2
SESSION = f"sess_{HEX}"


def test_a_job_id_finds_its_session() -> None:
    assert keys.job_id(SESSION, 12) == f"job_{HEX}_12"
    assert keys.session_of(keys.job_id(SESSION, 12)) == SESSION


@pytest.mark.parametrize(
    "job",
    [
        "",
        SESSION,
        f"job_{HEX}",
        f"job_{HEX}_",
        f"job_{HEX}_0",
        f"job_{HEX}_01",
        f"job_{HEX}_-1",
        f"job_{HEX}_1\n",
        f"job_{HEX}_1_1",
        f"job_{HEX}_٣",
        f"job_{HEX}_{'9' * 10}",
        f"job_{HEX.upper()}_1",
        f"job_{HEX[:-1]}_1",
        f" job_{HEX}_1",
        f"job_{HEX[:-1]}*_1",
    ],
)
def test_what_is_no_job_id_has_no_session(job: str) -> None:
    assert keys.session_of(job) is None


def test_two_jobs_or_two_api_keys_share_no_key_of_their_own() -> None:
    shared = {keys.DISPATCH, keys.LEASES, keys.DEADLINES, keys.SESSIONS, keys.MESSAGES, keys.VOICE}
    shared |= {keys.durations("m"), keys.durations("v"), keys.OUTBOX, keys.DELIVERIES, keys.AUDIO_HELD}
    one = keys.ledger(SESSION, "key_a", keys.job_id(SESSION, 1))
    other = keys.ledger(f"sess_{'f' * 32}", "key_b", f"job_{'f' * 32}_1")
    assert len(set(one)) == len(one)
    assert set(one) & set(other) == shared


def test_no_key_can_be_taken_for_another_kind() -> None:
    assert len({keys.session("x"), keys.sessions_of("x"), keys.job("x"), keys.line("x"), keys.history("x")}) == 5
    assert keys.SESSIONS not in {keys.sessions_of(""), keys.session("")}
