"""Tasks of the delivery queue: load, call one plain function, save."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from store.envelope import DELIVER, FAN_OUT
from workers.app import PUMP
from workers.tasks import container_of


@shared_task(name=FAN_OUT, bind=True)
def fan_out(self: Any, job_id: str) -> None:
    """Make the deliveries of a job that ended."""
    container_of(self.app).outbox.fan_out(job_id)


@shared_task(name=DELIVER, bind=True)
def deliver(self: Any, delivery_id: str) -> None:
    """Send one event to one receiver, if it is still to be sent."""
    container_of(self.app).courier.deliver(delivery_id)


@shared_task(name=PUMP, bind=True)
def pump(self: Any) -> None:
    """Send what came due, and what was on its way when a process died."""
    container_of(self.app).outbox.pump()
