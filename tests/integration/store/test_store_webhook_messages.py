"""The Celery messages of webhooks, held against the installed kombu and Celery as `test_kombu_contract.py` does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery.worker.request import Request
from kombu import Consumer

from store import keys
from store.envelope import DELIVER, FAN_OUT
from tests.integration.ledger_kit import Kit
from workers.app import App, create_app

OF_ITS_OWN = {"id", "root_id", "origin", "argsrepr", "ignore_result"}
either_task = pytest.mark.parametrize("task", [FAN_OUT, DELIVER])


@pytest.fixture
def app(kit: Kit) -> Iterator[App]:
    app = create_app(kit.settings)
    yield app
    app.close()


def _send(kit: Kit, task: str) -> str:
    """Have the scripts put one message of this task on the queue; returns the id that it carries."""
    kit.listen()
    job_id = kit.submit(kit.open())
    kit.run(job_id)
    if task == FAN_OUT:
        return job_id
    kit.redis.delete(keys.DELIVERIES)
    kit.outbox.fan_out(job_id)
    return keys.delivery_id(job_id, 0)


def _body(message: dict[str, Any]) -> Any:
    encoded = message["properties"].get("body_encoding") == "base64"
    return json.loads(base64.b64decode(message["body"]) if encoded else message["body"])


@either_task
def test_our_message_says_what_celerys_says(app: App, kit: Kit, task: str) -> None:
    identifier = _send(kit, task)
    ours = json.loads(kit.redis.rpop(keys.DELIVERIES))
    app.send_task(task, args=(identifier,), queue=keys.DELIVERIES)
    theirs = json.loads(kit.redis.rpop(keys.DELIVERIES))
    assert kit.redis.llen(keys.DELIVERIES) == 0
    assert ours.keys() == theirs.keys()
    assert _body(ours) == _body(theirs)
    same = ours["headers"].keys() - OF_ITS_OWN
    assert {name: ours["headers"][name] for name in same} == {name: theirs["headers"][name] for name in same}
    assert ours["headers"]["argsrepr"] == theirs["headers"]["argsrepr"]
    for name in ("delivery_mode", "delivery_info", "priority"):
        assert ours["properties"][name] == theirs["properties"][name]


@either_task
def test_a_celery_worker_reads_the_id_as_only_argument_and_can_acknowledge(app: App, kit: Kit, task: str) -> None:
    identifier = _send(kit, task)
    received: list[Any] = []
    app.loader.import_default_modules()
    with app.connection_for_read() as connection, connection.channel() as channel:
        queue = app.amqp.queues[keys.DELIVERIES]
        with Consumer(channel, queues=[queue], accept=["json"], on_message=received.append):
            connection.drain_events(timeout=5)
        [message] = received
        request = Request(message, app=app, task=app.tasks[task], headers=message.headers, decoded=False)
        assert (request.name, request.args, request.kwargs) == (task, [identifier], {})
        assert kit.redis.hlen("unacked") == 1
        message.ack()
    assert kit.redis.exists("unacked", "unacked_index", keys.DELIVERIES) == 0
