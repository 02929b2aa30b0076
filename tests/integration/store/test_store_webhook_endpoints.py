"""Registered endpoints: how many, who may see them, their secrets, and when they are left alone."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from store import keys
from store.delivery_scripts import DISABLE_AFTER_MS, QUIET_MS
from store.webhook_endpoints import MAX_ENDPOINTS, OVERLAP_MS, Endpoint, TooManyEndpoints
from tests.integration.ledger_kit import SECRET, Kit, attempted, send_scripts_twice

FRESH = "whsec_ZnJlc2gtZnJlc2gtZnJlc2gtZnJlc2gtZnJlc2gtMTIzNDU2"  # pragma: allowlist secret


def _now(kit: Kit, endpoint: Endpoint) -> Endpoint:
    found = kit.endpoints.get(endpoint.id, endpoint.key_id)
    assert found is not None
    return found


def _fail(kit: Kit, status: int = 500) -> str:
    """One more event that the receiver did not take; returns the delivery."""
    delivery_id = keys.delivery_id(kit.end(kit.open()), 0)
    if status == 410:
        kit.errands.give_up(kit.take(delivery_id), "gone", attempted(410))
    else:
        kit.deliver(delivery_id, status)
    return delivery_id


def _fail_since(kit: Kit, endpoint: Endpoint, milliseconds: int) -> None:
    assert kit.redis.hexists(keys.endpoint(endpoint.id), "failing_since")
    kit.redis.hset(keys.endpoint(endpoint.id), "failing_since", int(time.time() * 1000) - milliseconds)


# Who has how many


def test_an_endpoint_is_what_was_registered_and_its_owners_alone(kit: Kit) -> None:
    endpoint = kit.listen(events=["job.failed"], include_output=True, description="June's server")
    assert (endpoint.url, endpoint.events) == ("https://receiver.example/hook", ("job.failed",))
    assert (endpoint.include_output, endpoint.enabled, endpoint.disabled_reason) == (True, True, None)
    assert endpoint.description == "June's server"
    assert kit.endpoints.get(endpoint.id, "key_a") == kit.endpoints.get(endpoint.id) == endpoint
    assert kit.endpoints.get(endpoint.id, "key_b") is None
    assert kit.endpoints.of_key("key_b") == []


def test_an_api_key_has_at_most_so_many_endpoints_also_when_they_come_at_once(kit: Kit) -> None:
    kit.listen("key_b")

    def register(_: int) -> bool:
        try:
            return bool(kit.listen())
        except TooManyEndpoints:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(register, range(MAX_ENDPOINTS + 10))) == MAX_ENDPOINTS
    listed = kit.endpoints.of_key("key_a")
    assert len(listed) == MAX_ENDPOINTS == kit.redis.zcard(keys.endpoints_of("key_a"))
    assert len(list(kit.redis.scan_iter("rr:endpoint:*"))) == MAX_ENDPOINTS + 1
    kit.endpoints.delete(listed[0])
    kit.listen()


def test_the_last_endpoint_may_be_registered_although_the_client_library_sends_it_twice(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MAX_ENDPOINTS - 1):
        kit.listen()
    send_scripts_twice(monkeypatch)
    kit.listen()
    assert len(kit.endpoints.of_key("key_a")) == MAX_ENDPOINTS


def test_an_update_changes_what_it_names_and_nothing_else(kit: Kit) -> None:
    endpoint = kit.listen(description="June's server")
    changed = kit.endpoints.update(endpoint, {"url": "https://moved.example/", "events": ["job.failed"]})
    assert changed is not None
    assert (changed.url, changed.events, changed.description) == (
        "https://moved.example/",
        ("job.failed",),
        "June's server",
    )
    assert kit.endpoints.update(endpoint, {}) == changed
    assert kit.endpoints.secrets_of(changed) == [SECRET]


def test_a_change_or_rotation_does_not_bring_a_deleted_endpoint_back(kit: Kit) -> None:
    endpoint = kit.listen()
    errand = kit.take(keys.delivery_id(kit.end(kit.open()), 0))
    kit.endpoints.delete(endpoint)
    assert kit.endpoints.update(endpoint, {"enabled": True, "url": "https://back.example/"}) is None
    kit.endpoints.rotate(endpoint, FRESH)
    kit.errands.give_up(errand, "gone", attempted(410))
    assert not kit.redis.exists(keys.endpoint(endpoint.id), keys.endpoints_of("key_a"))
    assert kit.endpoints.secrets_of(endpoint) == []


# Secrets


def test_after_a_rotation_both_secrets_sign_for_a_day_and_then_the_new_one(kit: Kit) -> None:
    endpoint = kit.listen()
    kit.endpoints.rotate(endpoint, FRESH)
    assert kit.endpoints.secrets_of(endpoint) == [FRESH, SECRET]
    until = int(kit.redis.hget(keys.endpoint(endpoint.id), "old_until"))
    assert abs(until - OVERLAP_MS - time.time() * 1000) < 10_000
    kit.redis.hset(keys.endpoint(endpoint.id), "old_until", int(time.time() * 1000) - 1)
    assert kit.endpoints.secrets_of(endpoint) == [FRESH]


def test_a_second_rotation_drops_the_oldest_secret(kit: Kit) -> None:
    endpoint = kit.listen()
    for secret in (FRESH, FRESH[::-1]):
        kit.endpoints.rotate(endpoint, secret)
    assert kit.endpoints.secrets_of(endpoint) == [FRESH[::-1], FRESH]


def test_a_rotation_sent_twice_by_the_client_library_keeps_the_old_secret(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = kit.listen()
    kit.endpoints.signing_secret("key_a", SECRET)
    send_scripts_twice(monkeypatch)
    kit.endpoints.rotate(endpoint, FRESH)
    assert kit.endpoints.secrets_of(endpoint) == [FRESH, SECRET]
    kit.endpoints.rotate_signing_secret("key_a", FRESH)
    assert kit.endpoints.signing_secrets("key_a", "unused") == [FRESH, SECRET]


def test_an_api_key_has_one_signing_secret_of_its_own(kit: Kit) -> None:
    offered = [f"whsec_{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda fresh: kit.endpoints.signing_secret("key_a", fresh), offered))
    assert len(set(got)) == 1
    assert got[0] in offered
    assert kit.endpoints.signing_secret("key_b", FRESH) == FRESH
    kit.endpoints.rotate_signing_secret("key_a", FRESH)
    assert kit.endpoints.signing_secrets("key_a", "unused") == [FRESH, got[0]]


def test_rotating_a_signing_secret_that_nobody_asked_for_makes_one(kit: Kit) -> None:
    kit.endpoints.rotate_signing_secret("key_a", FRESH)
    assert kit.endpoints.signing_secrets("key_a", "unused") == [FRESH]


# When an endpoint is left alone


def test_an_endpoint_that_says_it_is_gone_is_left_alone(kit: Kit) -> None:
    endpoint = kit.listen()
    _fail(kit, 410)
    now = _now(kit, endpoint)
    assert (now.enabled, now.disabled_reason) == (False, "gone")
    assert kit.deliveries.of_job(kit.end(kit.open()), "key_a") == []


def test_an_endpoint_that_failed_for_five_days_is_left_alone(kit: Kit) -> None:
    endpoint = kit.listen()
    _fail(kit)
    _fail_since(kit, endpoint, DISABLE_AFTER_MS - 60_000)
    _fail(kit)
    assert _now(kit, endpoint) == endpoint
    _fail_since(kit, endpoint, DISABLE_AFTER_MS)
    _fail(kit)
    now = _now(kit, endpoint)
    assert (now.enabled, now.disabled_reason) == (False, "failing")


def test_days_without_an_event_between_two_failures_do_not_count(kit: Kit) -> None:
    endpoint = kit.listen()
    _fail(kit)
    _fail_since(kit, endpoint, 2 * DISABLE_AFTER_MS)
    kit.redis.hset(keys.endpoint(endpoint.id), "failed_at", int(time.time() * 1000) - QUIET_MS - 1)
    _fail(kit)
    assert _now(kit, endpoint) == endpoint


def test_one_success_clears_the_failures_before_it(kit: Kit) -> None:
    endpoint = kit.listen()
    _fail(kit)
    _fail_since(kit, endpoint, DISABLE_AFTER_MS)
    kit.deliver(keys.delivery_id(kit.end(kit.open()), 0))
    _fail(kit)
    assert _now(kit, endpoint).enabled


@pytest.mark.parametrize("status", [410, 500])
def test_enabling_an_endpoint_again_gives_it_a_clean_slate(kit: Kit, status: int) -> None:
    endpoint = kit.listen()
    _fail(kit)
    _fail_since(kit, endpoint, DISABLE_AFTER_MS)
    _fail(kit, status)
    assert not _now(kit, endpoint).enabled
    kit.endpoints.update(endpoint, {"description": "looked into"})
    assert not _now(kit, endpoint).enabled
    kit.endpoints.update(endpoint, {"description": "", "enabled": True})
    _fail(kit)
    assert _now(kit, endpoint) == endpoint


def test_a_disabled_endpoint_keeps_the_first_reason(kit: Kit) -> None:
    endpoint = kit.listen()
    held = [kit.take(keys.delivery_id(kit.end(kit.open()), 0)) for _ in range(2)]
    kit.errands.give_up(held[0], "gone", attempted(410))
    kit.redis.hset(keys.endpoint(endpoint.id), "failing_since", 1)
    kit.errands.give_up(held[1], "exhausted", attempted(500))
    assert _now(kit, endpoint).disabled_reason == "gone"


def test_what_happens_at_a_bare_url_disables_no_endpoint(kit: Kit) -> None:
    endpoint = kit.listen(events=["job.failed"])
    delivery_id = keys.delivery_id(kit.end(kit.open(), webhook={"url": endpoint.url}), 0)
    kit.errands.give_up(kit.take(delivery_id), "gone", attempted(410))
    assert _now(kit, endpoint) == endpoint
    assert not list(kit.redis.scan_iter("rr:endpoint:none"))


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_what_waits_for_a_disabled_or_deleted_endpoint_has_no_address(kit: Kit, how: str) -> None:
    endpoint = kit.listen()
    delivery_id = keys.delivery_id(kit.end(kit.open()), 0)
    if how == "disabled":
        kit.endpoints.update(endpoint, {"enabled": False})
    else:
        kit.endpoints.delete(endpoint)
    errand = kit.take(delivery_id)
    assert errand.url is None
    assert kit.errands.give_up(errand, "endpoint_disabled")
    assert kit.of(delivery_id).reason == "endpoint_disabled"


def test_an_errand_knows_where_the_endpoint_is_now_and_whether_it_wants_the_output(kit: Kit) -> None:
    endpoint = kit.listen(include_output=False)
    delivery_id = keys.delivery_id(kit.end(kit.open()), 0)
    kit.endpoints.update(endpoint, {"include_output": True, "url": "https://moved.example/"})
    errand = kit.take(delivery_id)
    assert errand.endpoint is not None
    assert (errand.url, errand.endpoint.include_output) == ("https://moved.example/", True)
