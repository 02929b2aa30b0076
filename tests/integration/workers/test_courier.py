"""A delivery in the hands of a worker: what is sent, and what comes of each answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from store import keys
from tests.integration.ledger_kit import REPLY, Kit, wait_for
from webhooks.errors import SendError
from webhooks.guard import Guard, Target
from webhooks.send import Answer
from workers.courier import Courier

HOOK = "https://93.184.216.34/hook"  # a public address: nothing is looked up


class ScriptedSender:
    """Answers as told; keeps what was sent."""

    def __init__(self, answer: Answer | Exception | None = None) -> None:
        self.answer = answer or Answer(200, b"thanks", None, 7)
        self.sent: list[tuple[Target, dict[str, str], dict[str, Any]]] = []
        self.hold: threading.Event | None = None

    def post(self, target: Target, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        assert 0 < timeout <= 15
        self.sent.append((target, dict(headers), json.loads(body)))
        if self.hold:
            assert self.hold.wait(20)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _courier(kit: Kit, sender: ScriptedSender, slots: int = 10) -> Courier:
    return Courier(
        errands=kit.errands,
        endpoints=kit.endpoints,
        jobs=kit.jobs,
        guard=Guard(),
        sender=sender,  # type: ignore[arg-type]  # the same shape, scripted
        retry_seconds=(5, 300),
        slots_of_a_key=slots,
    )


def _ended(kit: Kit, **more: Any) -> str:
    """A finished job whose deliveries are made."""
    job_id = kit.submit(kit.open(), **more)
    kit.run(job_id)
    kit.outbox.fan_out(job_id)
    return job_id


def test_the_body_is_thin_and_has_the_answer_only_for_who_asked(kit: Kit) -> None:
    thin, full = kit.listen(url=HOOK), kit.listen(url=HOOK, include_output=True)
    job_id = _ended(kit)
    sender = ScriptedSender()
    for number in range(2):
        _courier(kit, sender).deliver(keys.delivery_id(job_id, number))

    found = {
        delivery.endpoint_id: body
        for delivery, (_, _, body) in zip(kit.deliveries.of_job(job_id, "key_a"), sender.sent, strict=True)
    }
    assert set(found[thin.id]["data"]) == {"id", "session_id", "status", "outcome"}
    assert found[full.id]["data"]["output"] == {"text": REPLY, "citations": [], "audio_url": None}


def test_an_expired_session_is_told_of_without_its_answer(kit: Kit) -> None:
    kit.listen(url=HOOK, include_output=True)
    session = kit.open()
    job_id = kit.submit(session)
    kit.run(job_id)
    kit.outbox.fan_out(job_id)
    kit.end_session(session)
    assert kit.sessions.sweep() == 1
    _courier(kit, sender := ScriptedSender()).deliver(keys.delivery_id(job_id, 0))

    [(_, _, body)] = sender.sent
    assert body["data"] == {"id": job_id, "session_id": session.id, "status": "completed", "outcome": "answered"}


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (Answer(500, b"", None, 1), 500, None),
        (Answer(302, b"", None, 1), 302, None),
        (SendError("timeout"), None, "timeout"),
        (ValueError("a bad secret"), None, "internal_error"),
    ],
)
def test_what_is_no_success_is_tried_again_on_the_schedule(
    kit: Kit, answer: Answer | Exception, status: int | None, error: str | None
) -> None:
    job_id = _ended(kit, webhook={"url": HOOK})
    _courier(kit, ScriptedSender(answer)).deliver(keys.delivery_id(job_id, 0))

    [delivery] = kit.deliveries.of_job(job_id, "key_a")
    [attempt] = delivery.attempts
    assert (delivery.status, attempt.status, attempt.error) == ("pending", status, error)
    assert delivery.next_attempt_at is not None
    assert 4.5 <= delivery.next_attempt_at / 1000 - time.time() <= 5.5


def test_the_pause_that_a_receiver_asks_for_is_kept(kit: Kit) -> None:
    job_id = _ended(kit, webhook={"url": HOOK})
    _courier(kit, ScriptedSender(Answer(429, b"", 120.0, 1))).deliver(keys.delivery_id(job_id, 0))

    [delivery] = kit.deliveries.of_job(job_id, "key_a")
    assert delivery.next_attempt_at is not None
    assert 119 <= delivery.next_attempt_at / 1000 - time.time() <= 120


def test_a_url_that_leads_inside_by_now_is_not_called_and_the_ledger_does_not_say_why(kit: Kit) -> None:
    job_id = _ended(kit, webhook={"url": "https://10.0.0.1/hook"})
    _courier(kit, sender := ScriptedSender()).deliver(keys.delivery_id(job_id, 0))

    [delivery] = kit.deliveries.of_job(job_id, "key_a")
    assert sender.sent == []
    assert [attempt.error for attempt in delivery.attempts] == ["blocked"]


def test_one_key_with_many_slow_receivers_leaves_slots_for_others(kit: Kit) -> None:
    slow, sender = [_ended(kit, webhook={"url": f"https://93.184.216.{n}/"}) for n in range(1, 4)], ScriptedSender()
    sender.hold = threading.Event()
    courier = _courier(kit, sender, slots=2)
    threads = [threading.Thread(target=courier.deliver, args=(keys.delivery_id(job_id, 0),)) for job_id in slow[:2]]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(sender.sent) == 2)

    courier.deliver(keys.delivery_id(slow[2], 0))
    [put_off] = kit.deliveries.of_job(slow[2], "key_a")
    assert (put_off.status, put_off.attempts) == ("pending", [])
    session = kit.open("key_b")
    other = kit.submit(session, webhook={"url": HOOK})
    kit.run(other)
    kit.outbox.fan_out(other)
    fourth = threading.Thread(target=courier.deliver, args=(keys.delivery_id(other, 0),))
    fourth.start()
    wait_for(lambda: len(sender.sent) == 3)

    sender.hold.set()
    for thread in [*threads, fourth]:
        thread.join()
    kit.end_pause_of_receivers()
    kit.outbox.pump()
    courier.deliver(keys.delivery_id(slow[2], 0))
    assert [one.status for job_id in slow for one in kit.deliveries.of_job(job_id, "key_a")] == ["delivered"] * 3


def test_a_delivery_that_cannot_be_read_is_given_up(kit: Kit) -> None:
    job_id = _ended(kit, webhook={"url": HOOK})
    delivery_id = keys.delivery_id(job_id, 0)
    kit.redis.hset(keys.delivery(delivery_id), "url", b"damaged")
    _courier(kit, sender := ScriptedSender()).deliver(delivery_id)

    [delivery] = kit.deliveries.of_job(job_id, "key_a")
    assert (delivery.status, delivery.reason, sender.sent) == ("failed", "unreadable", [])
