from __future__ import annotations

from pathlib import Path

import pytest

from config import Settings
from local.valkey import running
from store import keys
from store.client import connect
from store.crypto import SealError, Vault
from store.submission import Settled
from tests.integration.ledger_kit import Kit

WORDS = [b"plainly-said", b"plainly-answered", b"plainly-heard", b"plainly-known", b"plainly-spoken", b"plainly-chosen"]


def _log(folder: Path) -> bytes:
    """Everything the server ever wrote down, in its own words."""
    return b"".join(file.read_bytes() for file in folder.rglob("*.aof"))


def test_no_word_of_a_person_or_the_coach_reaches_redis(vault: Vault, settings: Settings, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        client = connect(server.url)
        own = Kit(client, vault, settings)
        session = own.open(metadata={"note": "plainly-known"})
        job_id = own.speak(
            session, audio=b"RIFF plainly-spoken", metadata={"note": "plainly-known"}, idempotency_key="k"
        )
        hold = own.claim(job_id)
        hold.progress(
            stage="transcribing",
            event={"type": "token", "data": {"text": "plainly-answered"}},
            transcript={"text": "plainly-heard"},
            speech=b"ID3 plainly-spoken",
        )
        own.commit(
            hold,
            said="plainly-said",
            output={"text": "plainly-answered", "citations": [{"quote": "plainly-chosen"}]},
            coach={"state": {"barrier": "plainly-known"}},
            state={"barrier": "plainly-known"},
        )
        own.submit(session, "plainly-said", settled=Settled("escalated", "plainly-answered", []))
        own.submit(session, "plainly-said")
        own.redis.set("control", "plainly-control")
        log = _log(tmp_path)
        client.close()
    assert b"plainly-control" in log
    assert job_id.encode() in log
    assert [word for word in WORDS if word in log] == []


def test_sealed_values_swapped_between_jobs_or_fields_are_refused(kit: Kit) -> None:
    session = kit.open()
    first, second = kit.submit(session, "one"), kit.submit(session, "two")
    one, two = (kit.redis.hget(keys.job(job_id), "input") for job_id in (first, second))
    kit.redis.hset(keys.job(first), "input", two)
    with pytest.raises(SealError):
        kit.claim(first)
    kit.redis.hset(keys.job(first), mapping={"input": one, "metadata": one})
    with pytest.raises(SealError):
        kit.job(first)
