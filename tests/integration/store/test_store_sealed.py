from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from config import Settings
from local.valkey import running
from store import keys
from store.client import connect
from store.crypto import SealError, Vault
from store.events import Events
from store.history import History
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


@pytest.mark.parametrize("name", ["data_key", "metadata", "state"])
def test_a_sealed_value_of_another_session_is_refused(kit: Kit, name: str) -> None:
    one, two = kit.open(), kit.open()
    for session in (one, two):
        kit.run(kit.submit(session))
    kit.redis.hset(keys.session(two.id), name, kit.redis.hget(keys.session(one.id), name))
    with pytest.raises(SealError):
        kit.sessions.get(two.id)


@pytest.mark.parametrize("name", ["metadata", "output", "coach", "transcript"])
def test_a_sealed_value_of_a_job_of_another_session_is_refused(kit: Kit, name: str) -> None:
    one, two = kit.open(), kit.open()
    first, second = (kit.speak(session) for session in (one, two))
    for job_id in (first, second):
        hold = kit.claim(job_id)
        hold.progress(transcript={"text": "heard"})
        kit.commit(hold)
    kit.redis.hset(keys.job(second), name, kit.redis.hget(keys.job(first), name))
    with pytest.raises(SealError):
        kit.job(second)


def test_what_was_said_in_another_session_is_not_worked_on(kit: Kit) -> None:
    first, second = (kit.submit(kit.open()) for _ in range(2))
    kit.redis.hset(keys.job(second), "input", kit.redis.hget(keys.job(first), "input"))
    with pytest.raises(SealError):
        kit.claim(second)


def test_a_message_event_or_recording_moved_to_another_session_does_not_open(kit: Kit) -> None:
    one, two = kit.open(), kit.open()
    spoken = [kit.speak(session, audio=b"RIFF of the first") for session in (one, two)]
    holds = [kit.claim(job_id) for job_id in spoken]
    for hold in holds:
        hold.progress(event={"type": "token", "data": {}}, speech=b"ID3")
    kit.redis.copy(keys.audio(spoken[0]), keys.audio(spoken[1]), replace=True)
    with pytest.raises(SealError):
        holds[1].audio()
    for name in (keys.events, keys.speech):
        kit.redis.copy(name(spoken[0]), name(spoken[1]), replace=True)
    with pytest.raises(SealError):
        Events(kit.redis).after(spoken[1], two, "")
    with pytest.raises(SealError):
        kit.spoken(spoken[1], two)
    kit.commit(holds[0])
    kit.redis.copy(keys.history(one.id), keys.history(two.id), replace=True)
    with pytest.raises(SealError):
        kit.history.read(two)


def test_a_sealed_value_that_does_not_open_says_nothing_of_what_it_holds(kit: Kit) -> None:
    session = kit.open(metadata={"note": "plainly-known"})
    kit.redis.hset(keys.session(session.id), "metadata", session.cipher.seal_json("state", {"note": "plainly-known"}))
    with pytest.raises(SealError) as refused:
        kit.sessions.get(session.id)
    shown = "".join(traceback.format_exception(refused.value))
    assert "plainly-known" not in shown
    assert session.id not in shown


def test_erasing_destroys_the_only_key_to_every_copy(kit: Kit, vault: Vault) -> None:
    session = kit.open()
    kit.run(kit.submit(session))
    copy = {key: kit.redis.dump(key) for key in kit.redis.scan_iter("rr:*")}
    assert kit.sessions.erase(session.id)
    for key, value in copy.items():
        if key != keys.session(session.id).encode() and not kit.redis.exists(key):
            kit.redis.restore(key, 0, value)
    assert kit.redis.lrange(keys.history(session.id), 0, -1), "the sealed words are back"
    wrapped = vault.new_wrapped_key(session.id)
    with pytest.raises(SealError):
        History(kit.redis).read(replace(session, cipher=vault.cipher(session.id, wrapped)))
