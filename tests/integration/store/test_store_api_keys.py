from __future__ import annotations

import time
from typing import Any

import pytest

from store import keys
from store.api_keys import ADMIN, JOBS, ApiKeys


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

    known = commands(b"one")
    assert sum(known.values()) >= 2
    assert commands(b"unknown") == commands(b"past") == commands(b"\xff") == known


def test_keys_of_the_environment_are_known_again_when_redis_comes_back_empty(redis: Any) -> None:
    api_keys = _imported(redis, "one")
    redis.flushall()

    assert api_keys.authenticate(b"one") is not None
    assert api_keys.authenticate(b"two") is None
