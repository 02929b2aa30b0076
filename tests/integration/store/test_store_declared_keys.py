from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.exceptions import NoPermissionError, ResponseError

import store.scripts
from store import keys
from store.api_keys import ApiKeys
from store.client import connect
from store.errands import Attempted
from store.job_errors import INTERNAL
from store.scripts import Scripts
from store.submission import Settled
from tests.integration.ledger_kit import SECRET, Kit

USER = "only_declared_keys"
OF_WEBHOOKS = {
    "add_endpoint",
    "update_endpoint",
    "rotate_secret",
    "fan_out",
    "admit_deliveries",
    "claim_delivery",
    "settle_delivery",
    "replay_delivery",
}

OF_KEYS = {"add_key", "touch_key", "rotate_key", "revoke_key"}


@pytest.fixture
def limited(redis: Any, kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Every script runs as a user that may touch its KEYS and nothing else; yields the names of those that ran."""
    redis.execute_command("ACL", "SETUSER", USER, "reset", "on", ">pass", "+@all", "&*")
    place = urlsplit(kit.settings.redis_url)
    client: Any = connect(f"redis://{USER}:pass@{place.hostname}:{place.port}/0")
    run_as_itself = Scripts.run
    ran: set[str] = set()

    def run(_: Scripts, name: str, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        ran.add(name)
        redis.execute_command("ACL", "SETUSER", USER, "resetkeys", *(f"~{key}" for key in set(keys)))
        return run_as_itself(Scripts(client), name, keys, args)

    monkeypatch.setattr(Scripts, "run", run)
    yield ran
    client.close()
    redis.execute_command("ACL", "DELUSER", USER)


def test_every_ledger_script_declares_every_key_it_touches(limited: set[str], kit: Kit) -> None:
    session, other = kit.open(), kit.open()
    first, second, third = kit.submit(session), kit.speak(session, idempotency_key="k"), kit.submit(session)
    hold = kit.claim(first)
    hold.progress(stage="generating", event={"type": "token"}, transcript={"text": "x"}, speech=b"ID3", calls=1)
    kit.ledger.renew([hold])
    hold.release(delay_ms=0, waiting_for="model", refund=True)
    kit.run(first)
    kit.claim(second).fail(INTERNAL)
    kit.claim(third)
    kit.cancel(third)
    for job_id in (kit.submit(other), third):
        kit.end_lease(job_id)
        kit.end_dispatch_interval(job_id)
    assert kit.ledger.reap() == {"cancelled": 1, "dispatched": 1}
    overdue = kit.submit(session)
    kit.end_deadline(overdue)
    assert kit.ledger.reap() == {"expired": 1}
    finished = kit.job(overdue)
    assert kit.jobs.erase(finished, kit.again(session))
    kit.claim(kit.submit(session))
    assert kit.sessions.erase(session.id)
    assert limited == _scripts() - OF_WEBHOOKS - OF_KEYS


def test_every_webhook_script_declares_every_key_it_touches(limited: set[str], kit: Kit) -> None:
    endpoint, session = kit.listen(), kit.open()
    other = kit.listen(url="https://another.example/")
    kit.endpoints.update(endpoint, {"description": "the first"})
    kit.endpoints.rotate(endpoint, SECRET)
    for settled in (None, Settled("escalated", "Call 911.", [])):
        job_id = kit.submit(session, settled=settled, webhook={"url": "https://third.example/"})
        if not settled:
            kit.run(job_id)
        assert kit.outbox.fan_out(job_id) == (6 if settled else 3)
    kit.outbox.sample(other)
    kit.outbox.pump()
    for number in range(3):
        errand = kit.errands.claim(keys.delivery_id(keys.job_id(session.id, 1), number))
        assert errand
        attempt = Attempted(at=1, status=500, latency_ms=3, error=None)
        if number == 0:
            assert kit.errands.delivered(errand, attempt, b"thanks")
        elif number == 1:
            assert kit.errands.give_up(errand, "exhausted", attempt)
        else:
            assert kit.errands.retry(errand, attempt, b"busy", delay_ms=5000)
    kit.end_pause_of_receivers()
    assert kit.outbox.pump() == 3
    delivery = kit.deliveries.of_job(keys.job_id(session.id, 1), "key_a")[0]
    assert kit.deliveries.replay(delivery)
    assert kit.jobs.erase(kit.job(delivery.job_id or ""), kit.again(session))
    assert kit.sessions.erase(session.id)
    kit.endpoints.delete(other)
    assert limited >= OF_WEBHOOKS


def test_every_script_of_api_keys_declares_every_key_it_touches(limited: set[str], redis: Any) -> None:
    api_keys = ApiKeys(redis, plain_keys=["one"])
    assert api_keys.authenticate(b"one")
    key, _ = api_keys.create(name="a", scopes=["jobs"], expires_at=2**42, actor="test")
    assert api_keys.rotate(key.id, overlap_seconds=60, actor="test")
    assert api_keys.rotate(key.id, overlap_seconds=60, actor="test")
    api_keys.revoke(key.id)
    assert limited == OF_KEYS


def _scripts() -> set[str]:
    folder = Path(store.scripts.__file__).parent / "lua"
    return {script.stem for script in folder.glob("*.lua")} - {"engine", "deliveries"}


def test_the_freed_slot_of_another_session_is_given_within_declared_keys(limited: set[str], make_kit: Any) -> None:
    kit: Kit = make_kit(max_running_jobs_per_api_key=1, rate_limit_voice_concurrent=1)
    running, waiting = kit.open(), [kit.open() for _ in range(3)]
    heads = [kit.submit(running), kit.speak(waiting[0]), kit.submit(waiting[1]), kit.speak(waiting[2])]
    kit.run(heads[0])
    kit.cancel(heads[1])
    kit.sessions.erase(waiting[1].id)
    kit.run(heads[3])
    assert {"commit", "cancel", "erase"} <= limited


@pytest.mark.usefixtures("limited")
def test_a_script_that_touches_an_undeclared_key_is_noticed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    session = kit.open()
    kit.submit(session)
    monkeypatch.setattr("store.keys.REWRITE_DUE", "elsewhere")
    undeclared = Path(store.scripts.__file__).parent / "lua" / "erase.lua"
    source = undeclared.read_text(encoding="utf-8").replace("KEYS[MORE + 1]", "'rr:rewrite_due'")
    monkeypatch.setattr(Path, "read_text", _replaced(undeclared, source))
    with pytest.raises((NoPermissionError, ResponseError)):
        kit.sessions.erase(session.id)


def _replaced(path: Path, source: str) -> Any:
    original = Path.read_text

    def read(self: Path, *args: Any, **more: Any) -> str:
        return source if self == path else original(self, *args, **more)

    return read
