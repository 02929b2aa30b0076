from __future__ import annotations

import base64
import re
import time
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest

from store import keys
from store.api_keys import ADMIN, JOBS, ApiKey, ApiKeys
from store.audit import Audit
from store.scripts import Scripts
from tests.integration.ledger_kit import LONG_AGO, send_scripts_twice, wait_for


def _imported(redis: Any, *plain: str, admin: str = "") -> ApiKeys:
    """What a process does at its start."""
    api_keys = ApiKeys(redis, plain_keys=plain, admin_key=admin)
    api_keys.import_from_environment()
    return api_keys


def test_keys_of_the_environment_are_known_with_their_scopes(redis: Any) -> None:
    api_keys = _imported(redis, "one", "two", admin="root")
    one, two, root = (api_keys.authenticate(plain) for plain in (b"one", b"two", b"root"))
    assert one and two and root
    assert len({one.id, two.id, root.id}) == 3
    assert (one.scopes, two.scopes, root.scopes) == ((JOBS,), (JOBS,), (JOBS, ADMIN))
    assert (one.name, two.name, root.name) == ("API_KEYS 1", "API_KEYS 2", "ADMIN_API_KEY")


def test_thousands_who_wait_with_a_key_ask_redis_once_and_hear_of_its_end(redis: Any) -> None:
    api_keys = _imported(redis, "one")
    found = api_keys.authenticate(b"one")
    assert found
    before = redis.info("stats")["total_commands_processed"]
    assert all(api_keys.active(found.id, lately=True) for _ in range(2000))
    asked = redis.info("stats")["total_commands_processed"] - before
    assert asked < 100

    api_keys.revoke(found.id)

    wait_for(lambda: not api_keys.active(found.id, lately=True))
    assert not api_keys.active("key_unknown", lately=True)


def test_the_first_request_imports_the_environment(redis: Any) -> None:
    assert ApiKeys(redis, plain_keys=["one"]).authenticate(b"one") is not None


def test_a_key_keeps_its_id_over_restarts_and_in_another_order(redis: Any) -> None:
    before = _imported(redis, "one", "two").authenticate(b"one")
    after = _imported(redis, "two", "one").authenticate(b"one")
    assert before and after
    assert before.id == after.id


def test_the_admin_key_keeps_its_scope_when_it_is_listed_twice(redis: Any) -> None:
    found = _imported(redis, "root", admin="root").authenticate(b"root")
    assert found is not None
    assert found.scopes == (JOBS, ADMIN)


def test_a_key_taken_out_of_the_environment_is_revoked_at_the_next_start(redis: Any) -> None:
    running = _imported(redis, "one", "two", admin="root")
    restarted = _imported(redis, "two")
    for api_keys in (running, restarted):
        assert api_keys.authenticate(b"one") is None
        assert api_keys.authenticate(b"root") is None
        assert api_keys.authenticate(b"two") is not None
    assert len(list(redis.scan_iter("rr:api_key:*"))) == redis.hlen(keys.API_KEY_HASHES) == 1


def test_an_admin_key_moved_to_the_plain_list_loses_its_scope(redis: Any) -> None:
    _imported(redis, admin="root")
    found = _imported(redis, "root").authenticate(b"root")
    assert found is not None
    assert found.scopes == (JOBS,)


def test_a_key_made_elsewhere_survives_a_start(redis: Any) -> None:
    _imported(redis, "one").add("made", name="Study", scopes=[JOBS], source="api")
    found = _imported(redis).authenticate(b"made")
    assert found is not None
    assert found.name == "Study"


@pytest.mark.parametrize(
    "presented", [b"", b"On", b"one ", b"one\x00", b"ONE", b"\xff\xfe", "clé-ünï".encode("latin-1"), b"x" * 100_000]
)
def test_any_other_bytes_are_refused(redis: Any, presented: bytes) -> None:
    assert _imported(redis, "one", "clé-ünï").authenticate(presented) is None


def test_a_key_may_have_letters_beyond_ascii(redis: Any) -> None:
    assert _imported(redis, "clé-ünï").authenticate("clé-ünï".encode()) is not None


def test_a_revoked_key_and_its_hash_are_refused(redis: Any) -> None:
    api_keys = _imported(redis, "one")
    found = api_keys.authenticate(b"one")
    assert found is not None
    [digest] = redis.hkeys(keys.API_KEY_HASHES)
    assert api_keys.authenticate(digest) is None
    api_keys.revoke(found.id)
    api_keys.revoke("key_unknown")
    assert api_keys.authenticate(b"one") is None
    assert not list(redis.scan_iter("rr:api_key:*")) and not redis.exists(keys.API_KEY_HASHES)


def test_a_key_works_until_it_expires(redis: Any) -> None:
    api_keys = _imported(redis)
    api_keys.add("past", name="p", scopes=[JOBS], source="api", expires_at=time.time() - 1)
    api_keys.add("future", name="f", scopes=[JOBS], source="api", expires_at=time.time() + 60)
    assert api_keys.authenticate(b"past") is None
    assert api_keys.authenticate(b"future") is not None


def test_no_plain_key_is_stored(redis: Any) -> None:
    _imported(redis, "plainly-one", admin="plainly-root")
    for name in redis.scan_iter():
        assert b"plainly" not in name
        assert b"plainly" not in redis.dump(name)


def test_an_unknown_or_expired_key_costs_the_commands_of_a_known_one(redis: Any) -> None:
    api_keys = _imported(redis, "one")
    api_keys.add("past", name="p", scopes=[JOBS], source="api", expires_at=1)

    def commands(presented: bytes) -> dict[str, int]:
        redis.config_resetstat()
        api_keys.authenticate(presented)
        stats = redis.info("commandstats")
        return {name: stats[name]["calls"] for name in stats if "config" not in name and "info" not in name}

    commands(b"one")  # notes that the key is used, which is not done again within a minute
    known = commands(b"one")
    assert sum(known.values()) >= 2
    assert commands(b"unknown") == commands(b"past") == commands(b"\xff") == known


def test_keys_of_the_environment_are_known_again_when_redis_comes_back_empty(redis: Any) -> None:
    api_keys = _imported(redis, "one")
    redis.flushall()

    assert api_keys.authenticate(b"one") is not None
    assert api_keys.authenticate(b"two") is None


def _made(api_keys: ApiKeys, **more: Any) -> tuple[ApiKey, bytes]:
    key, plain = api_keys.create(**{"name": "Study", "scopes": [JOBS], "expires_at": None, "actor": "test", **more})
    return key, plain.encode()


def test_a_key_made_here_is_its_id_and_a_secret_of_32_random_bytes(redis: Any) -> None:
    api_keys = _imported(redis)
    key, plain = _made(api_keys)
    key_id, _, secret = plain.decode().partition(".")

    assert re.fullmatch(r"key_[0-9a-f]{16}", key_id) and key_id == key.id
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert api_keys.authenticate(plain) == replace(key, created_at=ANY)
    assert _made(api_keys)[1] != plain


@pytest.mark.parametrize("change", ["the id", "the secret", "no secret", "more"])
def test_id_and_secret_count_together(redis: Any, change: str) -> None:
    api_keys = _imported(redis)
    _, plain = _made(api_keys)
    other, _ = _made(api_keys)
    key_id, _, secret = plain.partition(b".")
    wrong = {
        "the id": other.id.encode() + b"." + secret,
        "the secret": key_id + b"." + secret[:-4] + b"AAAA",
        "no secret": key_id,
        "more": plain + b".",
    }

    assert api_keys.authenticate(wrong[change]) is None


def test_a_rotated_key_keeps_its_id_and_the_old_secret_for_the_overlap(redis: Any) -> None:
    api_keys = _imported(redis)
    key, first = _made(api_keys)
    second = api_keys.rotate(key.id, overlap_seconds=60, actor="test")
    assert second

    for plain in (first, second.encode()):
        found = api_keys.authenticate(plain)
        assert found and found.id == key.id
    redis.hset(keys.api_key(key.id), "old_until", LONG_AGO)
    assert api_keys.authenticate(first) is None
    assert api_keys.authenticate(second.encode())


def test_with_no_overlap_the_old_secret_is_refused_at_once(redis: Any) -> None:
    api_keys = _imported(redis)
    key, first = _made(api_keys)
    second = api_keys.rotate(key.id, overlap_seconds=0, actor="test")

    assert second and api_keys.authenticate(second.encode())
    assert api_keys.authenticate(first) is None


def test_a_second_rotation_ends_the_oldest_secret(redis: Any) -> None:
    api_keys = _imported(redis)
    key, first = _made(api_keys)
    second = api_keys.rotate(key.id, overlap_seconds=60, actor="test")
    third = api_keys.rotate(key.id, overlap_seconds=60, actor="test")
    assert second and third

    assert api_keys.authenticate(first) is None
    assert api_keys.authenticate(second.encode()) and api_keys.authenticate(third.encode())
    assert redis.hlen(keys.API_KEY_HASHES) == 2


def test_rotating_and_making_a_key_twice_by_a_retry_of_the_client_library_is_done_once(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api_keys = _imported(redis)
    send_scripts_twice(monkeypatch)
    key, first = _made(api_keys)
    second = api_keys.rotate(key.id, overlap_seconds=60, actor="test")

    assert second and api_keys.authenticate(second.encode())
    assert api_keys.authenticate(first)
    assert [entry["event"] for entry in Audit(redis).tail(10)] == ["key.created", "key.rotated"]


def test_a_key_that_is_gone_is_not_rotated(redis: Any) -> None:
    assert _imported(redis).rotate("key_0000000000000000", overlap_seconds=0, actor="test") is None
    assert redis.keys("rr:api_key*") == [keys.API_KEYS_IMPORTED.encode()]


def test_a_rotated_key_of_the_environment_survives_every_later_start(redis: Any) -> None:
    found = _imported(redis, "one").authenticate(b"one")
    assert found
    fresh = ApiKeys(redis).rotate(found.id, overlap_seconds=0, actor="test")
    assert fresh

    for listed in (["one"], []):
        restarted = _imported(redis, *listed)
        assert restarted.authenticate(b"one") is None
        again = restarted.authenticate(fresh.encode())
        assert again and again.id == found.id


def test_a_revoked_key_of_the_environment_stays_revoked_while_it_is_listed(redis: Any) -> None:
    running = _imported(redis, "one", "two")
    found = running.authenticate(b"one")
    assert found
    running.revoke(found.id)

    assert running.authenticate(b"one") is None
    assert _imported(redis, "one", "two").authenticate(b"one") is None
    assert _imported(redis, "two").authenticate(b"one") is None
    assert _imported(redis, "one", "two").authenticate(b"one") is not None, "it was taken out, and put back on purpose"


def test_a_key_made_here_may_be_listed_in_the_environment_and_stays_itself(redis: Any) -> None:
    key, plain = _made(_imported(redis))
    found = _imported(redis, plain.decode()).authenticate(plain)

    assert found and found.id == key.id
    assert len(ApiKeys(redis).list(limit=100, cursor=None)[0]) == 1


def test_when_a_key_was_last_used_is_noted_at_most_once_a_minute(redis: Any) -> None:
    api_keys = _imported(redis)
    key, plain = _made(api_keys)
    before = time.time() * 1000
    assert (api_keys.get(key.id) or key).last_used_at is None
    api_keys.authenticate(plain)
    first = (api_keys.get(key.id) or key).last_used_at
    assert first and abs(first - before) < 10_000

    redis.hset(keys.api_key(key.id), "last_used_at", first - 30_000)
    api_keys.authenticate(plain)
    assert (api_keys.get(key.id) or key).last_used_at == first - 30_000
    redis.hset(keys.api_key(key.id), "last_used_at", first - 61_000)
    api_keys.authenticate(plain)
    assert ((api_keys.get(key.id) or key).last_used_at or 0) >= first


def test_noting_the_use_of_a_key_does_not_bring_a_revoked_one_back(redis: Any) -> None:
    Scripts(redis).run("touch_key", [keys.api_key("key_0000000000000000")], [])

    assert not redis.exists(keys.api_key("key_0000000000000000"))


def test_keys_are_listed_oldest_first_and_page_by_page(redis: Any) -> None:
    api_keys = _imported(redis)
    made = [_made(api_keys, name=f"Study {number}")[0] for number in range(5)]
    for number, key in enumerate(made):
        redis.hset(keys.api_key(key.id), "created_at", 1_000 + number)
    pages, cursor = [], None
    while True:
        page, cursor = api_keys.list(limit=2, cursor=cursor)
        pages.append([key.name for key in page])
        if cursor is None:
            break

    assert pages == [["Study 0", "Study 1"], ["Study 2", "Study 3"], ["Study 4"]]
