"""How long the URL is kept that a job named: it is the client's own, and may say who somebody is."""

from __future__ import annotations

from store import keys
from store.crypto import Vault
from tests.integration.ledger_kit import Kit
from tests.support.phrase_scanner import Scanner

URL = "https://receiver.example/of-one-person?token=1"


def _kept(kit: Kit) -> set[str]:
    """The kinds of keys that hold the URL, for who has the master key."""
    scanner = Scanner(["of-one-person"], kit.settings.data_encryption_keys)
    hashes = kit.redis.scan_iter("rr:*", _type="hash")
    held = {key.decode().split(":")[1]: b"".join(kit.redis.hgetall(key).values()) for key in hashes}
    return {kind for kind, values in held.items() if scanner.find(values)}


def _told(kit: Kit) -> tuple[str, str]:
    """A job whose end is on its way to the URL that it named; with its session."""
    session = kit.open()
    job_id = kit.submit(session, webhook={"url": URL})
    kit.run(job_id)
    assert kit.outbox.fan_out(job_id) == 1
    return session.id, job_id


def test_a_delivery_keeps_its_url_until_it_has_ended(kit: Kit) -> None:
    session_id, job_id = _told(kit)
    assert _kept(kit) == {"job", "delivery"}
    kit.deliver(keys.delivery_id(job_id, 0))
    assert _kept(kit) == {"job"}
    assert kit.sessions.erase(session_id)
    assert _kept(kit) == set()


def test_after_the_session_has_expired_only_what_is_still_to_be_sent_keeps_its_url(kit: Kit) -> None:
    session_id, job_id = _told(kit)
    session = kit.sessions.get(session_id)
    assert session
    kit.end_session(session)
    assert kit.sessions.sweep() == 1
    assert _kept(kit) == {"delivery"}
    assert kit.deliver(keys.delivery_id(job_id, 0), 500).url == URL
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    assert kit.deliver(keys.delivery_id(job_id, 0)).url == URL
    assert _kept(kit) == set()


def test_a_replay_finds_the_url_with_the_job(kit: Kit) -> None:
    _, job_id = _told(kit)
    kit.deliver(keys.delivery_id(job_id, 0))
    assert kit.deliveries.replay(kit.of(keys.delivery_id(job_id, 0)))
    assert kit.deliver(keys.delivery_id(job_id, 0)).url == URL


def test_a_replay_after_the_session_has_expired_says_that_there_is_nowhere_to_send_it(kit: Kit) -> None:
    session_id, job_id = _told(kit)
    kit.deliver(keys.delivery_id(job_id, 0))
    session = kit.sessions.get(session_id)
    assert session
    kit.end_session(session)
    kit.sessions.sweep()
    assert kit.deliveries.replay(kit.of(keys.delivery_id(job_id, 0)))
    errand = kit.take(keys.delivery_id(job_id, 0))
    assert (errand.url, errand.nowhere) == (None, "session_ended")


def test_the_vault_of_the_tests_is_the_one_that_is_scanned_for(kit: Kit, vault: Vault) -> None:
    kit.redis.hset("rr:signing:control", "secret", vault.seal("x", URL.encode()))
    assert _kept(kit) == {"signing"}
