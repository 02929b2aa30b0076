from __future__ import annotations

import hashlib
from typing import Any

from store import keys
from store.addresses import Addresses
from store.api_keys import ApiKeys
from store.audit import LONGEST, Audit, entry, hashed
from tests.integration.ledger_kit import SAID, Kit

ADMIN_ID = "key_00000000000000ad"


def _events(redis: Any) -> list[tuple[Any, Any, Any]]:
    return [(one["event"], one["actor"], one["object"]) for one in Audit(redis).tail(100)]


def test_what_happens_to_a_key_is_on_record(redis: Any) -> None:
    api_keys = ApiKeys(redis)
    key, _ = api_keys.create(name="Mrs Somebody's tablet", scopes=["jobs"], expires_at=None, actor=ADMIN_ID)
    api_keys.rotate(key.id, overlap_seconds=0, actor="cli")
    api_keys.revoke(key.id, actor=ADMIN_ID)

    assert _events(redis) == [
        ("key.created", hashed(ADMIN_ID), hashed(key.id)),
        ("key.rotated", "cli", hashed(key.id)),
        ("key.revoked", hashed(ADMIN_ID), hashed(key.id)),
    ]


def test_a_start_that_changes_nothing_leaves_no_entry(redis: Any) -> None:
    for _ in range(3):
        ApiKeys(redis, plain_keys=["one"], admin_key="root").import_from_environment()
    ApiKeys(redis, plain_keys=["one"]).import_from_environment()

    assert [event for event, _, _ in _events(redis)] == ["key.created", "key.created", "key.revoked"]
    assert {actor for _, actor, _ in _events(redis)} == {"environment"}


def test_an_erasure_is_on_record_and_survives_itself(redis: Any, kit: Kit) -> None:
    session = kit.open()
    first, second = kit.submit(session), kit.submit(session)
    kit.run(first)
    kit.jobs.erase(kit.job(first), kit.again(session))
    kit.claim(second)
    kit.sessions.erase(session.id, "key_a")

    assert _events(redis) == [
        ("job.erased", hashed("key_a"), hashed(first)),
        ("session.erased", hashed("key_a"), hashed(session.id)),
    ]


def test_an_erasure_that_erases_nothing_is_not_on_record(redis: Any, kit: Kit) -> None:
    session = kit.open()
    running = kit.submit(session)
    kit.claim(running)
    assert kit.jobs.erase(kit.job(running), kit.again(session)) is None
    assert kit.sessions.erase(session.id, "key_of_somebody_else") is None
    assert kit.sessions.erase("sess_" + "0" * 32) is None

    assert _events(redis) == []


def test_a_session_that_expires_is_no_event(redis: Any, kit: Kit) -> None:
    session = kit.open()
    redis.zadd(keys.SESSIONS, {session.id: 1})
    redis.hset(keys.session(session.id), "expires_at", 1)
    assert kit.sessions.sweep() == 1

    assert _events(redis) == []


def test_blocks_are_on_record(redis: Any) -> None:
    addresses = Addresses(redis)
    addresses.block("203.0.113.7", hours=1, actor="cli")
    addresses.unblock("203.0.113.7", actor="cli")
    addresses.unblock("203.0.113.7", actor="cli")

    about = hashed("203.0.113.7")
    assert _events(redis) == [("address.blocked", "cli", about), ("address.unblocked", "cli", about)]


def test_the_trail_holds_no_id_no_name_and_no_word(redis: Any, kit: Kit) -> None:
    key, plain = ApiKeys(redis).create(name="Mrs Somebody", scopes=["jobs"], expires_at=None, actor=ADMIN_ID)
    session = kit.open()
    job_id = kit.submit(session)
    kit.run(job_id)
    kit.jobs.erase(kit.job(job_id), kit.again(session))
    kit.sessions.erase(session.id, key.id)
    kit.sessions.erase(session.id, "key_a")

    stored = repr(redis.xrange(keys.AUDIT)).encode()
    assert stored.count(b"erased") == 2
    for planted in (ADMIN_ID, key.id, plain, plain.partition(".")[2], "Somebody", session.id, job_id, SAID, "key_a"):
        assert planted.encode() not in stored


def test_who_knows_an_id_finds_its_entries() -> None:
    assert hashed("sess_1") == hashlib.sha256(b"sess_1").hexdigest()[:16]


def test_the_trail_is_bounded_and_the_newest_stay(redis: Any) -> None:
    bound = entry("x", "y", "z")
    assert bound[:3] == ["MAXLEN", "~", str(LONGEST)] == ["MAXLEN", "~", "100000"]
    for number in range(300):
        redis.execute_command("XADD", keys.AUDIT, "MAXLEN", "~", "100", *entry("key.created", "cli", str(number))[3:])

    assert 100 <= redis.xlen(keys.AUDIT) < 300
    assert Audit(redis).tail(1)[0]["object"] == hashed("299")
    assert [one["object"] for one in Audit(redis).tail(2)] == [hashed("298"), hashed("299")]


def test_an_empty_trail_has_no_entries(redis: Any) -> None:
    assert Audit(redis).tail(5) == []
