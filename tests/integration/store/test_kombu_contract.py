"""Holds `store.envelope` against the installed kombu and Celery: these tests fail when an update changes the format."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery.worker.request import Request
from kombu import Consumer

from store import keys
from store.envelope import RUN_JOB
from tests.integration.ledger_kit import Kit
from workers.app import App, create_app

OF_ITS_OWN = {"id", "root_id", "origin", "argsrepr"}


@pytest.fixture
def app(kit: Kit) -> Iterator[App]:
    app = create_app(kit.settings)
    yield app
    app.close()


def _body(message: dict[str, Any]) -> Any:
    encoded = message["properties"].get("body_encoding") == "base64"
    return json.loads(base64.b64decode(message["body"]) if encoded else message["body"])


def _both(app: App, kit: Kit) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our message and Celery's for the same job; the queue is empty after."""
    job_id = kit.submit(kit.open())
    ours = json.loads(kit.redis.rpop(keys.MESSAGES))
    app.send_task(RUN_JOB, args=(job_id,), queue=keys.MESSAGES)
    theirs = json.loads(kit.redis.rpop(keys.MESSAGES))
    assert kit.redis.llen(keys.MESSAGES) == 0
    return ours, theirs


def test_our_message_has_the_shape_that_celery_publishes(app: App, kit: Kit) -> None:
    ours, theirs = _both(app, kit)
    assert ours.keys() == theirs.keys()
    for part in ("content-type", "content-encoding"):
        assert ours[part] == theirs[part]
    assert _body(ours) == _body(theirs)


def test_our_headers_say_what_celerys_say(app: App, kit: Kit) -> None:
    ours, theirs = (message["headers"] for message in _both(app, kit))
    assert ours.keys() <= theirs.keys()
    left_out = {name: value for name, value in theirs.items() if name not in ours}
    assert not any(left_out.values()), f"Celery's messages say more than ours: {left_out}"
    same = ours.keys() - OF_ITS_OWN - {"ignore_result"}
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    assert (ours["ignore_result"], ours["argsrepr"]) == (True, theirs["argsrepr"])
    assert ours["id"] == ours["root_id"]


def test_our_properties_lead_to_the_same_queue(app: App, kit: Kit) -> None:
    ours, theirs = (message["properties"] for message in _both(app, kit))
    assert theirs.keys() - ours.keys() == {"body_encoding"}  # without it kombu takes the body as it is
    assert ours.keys() <= theirs.keys()
    same = {"delivery_mode", "delivery_info", "priority"}
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_every_dispatch_has_a_delivery_tag_of_its_own(kit: Kit) -> None:
    job_id = kit.submit(kit.open())
    for _ in range(3):
        kit.end_dispatch_interval(job_id)
        kit.ledger.reap()
    tags = {json.loads(raw)["properties"]["delivery_tag"] for raw in kit.redis.lrange(keys.MESSAGES, 0, -1)}
    assert len(tags) == 4


@pytest.mark.parametrize(("queue", "kind"), [(keys.MESSAGES, "message"), (keys.VOICE, "voice")])
def test_a_celery_worker_reads_the_job_id_as_only_argument_and_can_acknowledge(
    app: App, kit: Kit, queue: str, kind: str
) -> None:
    session = kit.open()
    job_id = kit.speak(session) if kind == "voice" else kit.submit(session)
    received: list[Any] = []
    app.loader.import_default_modules()
    with app.connection_for_read() as connection, connection.channel() as channel:
        consumer = Consumer(channel, queues=[app.amqp.queues[queue]], accept=["json"], on_message=received.append)
        with consumer:
            connection.drain_events(timeout=5)
        [message] = received
        request = Request(message, app=app, task=app.tasks[RUN_JOB], headers=message.headers, decoded=False)
        assert (request.name, request.args, request.kwargs) == (RUN_JOB, [job_id], {})
        assert request.ignore_result
        assert kit.redis.hlen("unacked") == 1
        message.ack()
    assert kit.redis.exists("unacked", "unacked_index", queue) == 0


def test_a_message_holds_ids_and_nothing_a_person_said(kit: Kit) -> None:
    session = kit.open(metadata={"note": "plainly-known"})
    kit.submit(session, "plainly-said", metadata={"note": "plainly-known"}, idempotency_key="plainly-named")
    kit.speak(kit.open(), audio=b"plainly-spoken")
    for raw in kit.redis.lrange(keys.MESSAGES, 0, -1) + kit.redis.lrange(keys.VOICE, 0, -1):
        message = json.loads(raw)
        assert b"job_" in raw
        assert "plainly" not in f"{message} {_body(message)}"
