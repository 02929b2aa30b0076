from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from config import Settings
from store import keys
from store.crypto import SealError, Vault
from store.rewrap import Rewrapped, rewrap
from store.submission import Settled
from store.webhook_endpoints import Endpoints
from tests.integration.ledger_kit import SECRET, Kit

OLD, NEW = os.urandom(32), os.urandom(32)
URL, OF_ENDPOINT = "https://one.example/hook?token=1", "https://another.example/hook?token=1"


@pytest.fixture
def with_keys(redis: Any, settings: Settings) -> Any:
    """The store under other master keys: `with_keys(NEW, OLD)`."""
    return lambda *masters: Kit(redis, Vault(masters), replace(settings, data_encryption_keys=masters))


def _fill(kit: Kit) -> tuple[str, str, str]:
    """One of everything that a master key seals; returns a session, an endpoint and a sample's delivery."""
    session, endpoint = kit.open(metadata={"note": "kept"}), kit.listen(url=OF_ENDPOINT, description="ours")
    kit.endpoints.rotate(endpoint, SECRET)
    kit.endpoints.signing_secret("key_a", SECRET)
    kit.endpoints.rotate_signing_secret("key_a", "whsec_another")
    kit.outbox.fan_out(kit.submit(session, settled=Settled("escalated", "Call 911.", []), webhook={"url": URL}))
    kit.run(kit.submit(session, webhook={"url": URL}))
    sample = kit.outbox.sample(endpoint)
    kit.deliver(sample, 500, b"the receiver's words")
    return session.id, endpoint.id, sample


def test_after_a_rewrap_the_old_key_may_go(with_keys: Any) -> None:
    session_id, endpoint_id, sample = _fill(with_keys(OLD))
    both = with_keys(NEW, OLD)
    assert both.sessions.get(session_id).metadata == {"note": "kept"}, "readable all the time"
    done = rewrap(both.redis, Vault((NEW, OLD)))
    assert done.unreadable == 0
    kit = with_keys(NEW)
    assert kit.sessions.get(session_id).metadata == {"note": "kept"}
    endpoint = kit.endpoints.get(endpoint_id)
    assert (endpoint.url, endpoint.description) == (OF_ENDPOINT, "ours")
    assert kit.endpoints.secrets_of(endpoint) == [SECRET, SECRET]
    assert kit.endpoints.signing_secrets("key_a", "unused") == ["whsec_another", SECRET]
    assert [attempt.answer for attempt in kit.deliveries.get(sample, "key_a").attempts] == ["the receiver's words"]
    first, second = keys.job_id(session_id, 1), keys.job_id(session_id, 2)
    assert kit.outbox.fan_out(second) == 2
    for job_id, own in ((first, 2), (second, 1)):  # those before go to the endpoint
        kit.end_pause_of_receivers()
        kit.outbox.pump()
        assert kit.deliver(keys.delivery_id(job_id, own)).url == URL


def test_nothing_under_the_old_key_is_left_after_a_rewrap(with_keys: Any) -> None:
    kit: Kit = with_keys(OLD)
    _fill(kit)
    old = Vault((OLD,)).seal("x", b"")[:4]

    def lies_under_old() -> list[str]:
        hashes = [key for key in kit.redis.scan_iter("rr:*", _type="hash")]
        return [
            key.decode() for key in hashes if any(value.startswith(old) for value in kit.redis.hgetall(key).values())
        ]

    assert {key.split(":")[1] for key in lies_under_old()} == {
        "session",
        "job",
        "webhook_event",
        "delivery",
        "endpoint",
        "signing",
    }
    kit.redis.delete(keys.REWRITE_DUE)
    assert rewrap(kit.redis, Vault((NEW, OLD))).renewed > 10
    assert lies_under_old() == []
    assert kit.redis.exists(keys.REWRITE_DUE), "the append-only file still has it"
    assert rewrap(kit.redis, Vault((NEW, OLD))) == Rewrapped(0, 0), "a second time finds nothing to do"


def test_a_rewrap_keeps_when_things_end(with_keys: Any) -> None:
    kit: Kit = with_keys(OLD)
    _fill(kit)
    ends = {key: kit.redis.pexpiretime(key) for key in kit.redis.scan_iter("rr:*")}
    rewrap(kit.redis, Vault((NEW, OLD)))
    assert {key: kit.redis.pexpiretime(key) for key in ends} == ends


def test_what_changes_during_a_rewrap_stays_changed(with_keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit: Kit = with_keys(OLD)
    endpoint = kit.listen()
    renewed, once = Vault.renewed, iter([True])

    def meanwhile(self: Vault, place: str, sealed: bytes) -> bytes:
        if place.endswith("|secret") and next(once, False):
            Endpoints(kit.redis, Vault((OLD,))).rotate(endpoint, "whsec_meanwhile")
        return renewed(self, place, sealed)

    monkeypatch.setattr(Vault, "renewed", meanwhile)
    rewrap(kit.redis, Vault((NEW, OLD)))
    assert with_keys(NEW).endpoints.secrets_of(endpoint)[0] == "whsec_meanwhile"


def test_what_no_key_opens_is_counted_and_left_as_it_is(with_keys: Any) -> None:
    session_id = with_keys(OLD).open().id
    kit: Kit = with_keys(NEW)
    assert rewrap(kit.redis, Vault((NEW,))) == Rewrapped(0, 1)
    assert with_keys(OLD).sessions.get(session_id)


def test_a_session_whose_key_is_gone_can_still_be_erased(with_keys: Any) -> None:
    session = with_keys(OLD).open("key_a")
    with_keys(OLD).submit(session)
    kit: Kit = with_keys(NEW)
    with pytest.raises(SealError):
        kit.sessions.get(session.id)
    assert kit.sessions.erase(session.id, "key_other") is None
    receipt = kit.sessions.erase(session.id, "key_a")
    assert receipt is not None
    assert receipt["jobs"] == 1
