"""Tasks: load, call one plain function, save. Everything interesting runs and is tested without Celery."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from celery import shared_task, signals
from celery.exceptions import Retry

from store import keys
from store.envelope import RUN_JOB
from workers.app import CANARY, CHECK, OWN_CANARY, REAP, App

if TYPE_CHECKING:
    from workers.container import Container

log = logging.getLogger(__name__)
_lock = threading.Lock()


def container_of(app: App) -> Container:
    """The container of this process, built when first asked for."""
    from workers.container import Container  # noqa: PLC0415 (beat and Flower import this module and need none of it)

    with _lock:
        if app.container is None:
            app.container = Container(app.settings)
        return app.container


class JobFailed(Exception):
    """The job ended as failed. Carries its code and nothing else, because Flower shows it."""


class JobGivenBack(Retry):
    """The job is to be done again, which is up to the ledger: raised like this, it has Celery send nothing."""

    def __repr__(self) -> str:
        """What Flower shows: the code of the reason."""
        return f"JobGivenBack({self.message!r})"


@shared_task(name=RUN_JOB, bind=True, throws=(JobFailed,))
def run_job(self: Any, job_id: str) -> str:
    """Do one job, if it is still to be done.

    Flower shows how that ended: as a result (completed, cancelled, lost, not_due), as FAILURE or as RETRY.
    """
    ended = container_of(self.app).coaching.runner.run(job_id)
    if ended.how == "failed":
        raise JobFailed(ended.code)
    if ended.how == "given_back":
        raise JobGivenBack(ended.code)
    return ended.how


@shared_task(name=REAP, bind=True)
def reap(self: Any) -> None:
    """Look after jobs that came due, sessions whose time is over, and jobs of keys that ended."""
    container = container_of(self.app)
    done = container.ledger.reap()
    if revoked := container.revocations.enforce():
        done["key_ended"] = revoked
    swept = container.sessions.sweep()
    container.sessions.rewrite_log_if_due()
    if done or swept:
        log.info("reaper.done", extra={"jobs": done, "sessions": swept})


@shared_task(name=CANARY, bind=True)
def canary(self: Any, queue: str) -> None:
    """Prove that this queue is consumed."""
    container_of(self.app).health.saw_canary(queue)


@shared_task(name=OWN_CANARY, bind=True)
def own_canary(self: Any) -> None:
    """Prove that this process consumes."""
    container_of(self.app).life.heard()


@shared_task(name=CHECK, bind=True)
def check_dependencies(self: Any) -> None:
    """See whether Qdrant and the model API answer, for `/healthz`."""
    container_of(self.app).coaching.check_dependencies()


def _own_queue(node: str) -> str:
    """Named after the node: a process that takes its place takes over its queue, and nothing is left behind."""
    return f"canary.{node}"


@signals.celeryd_after_setup.connect
def _prepare(sender: str, instance: Any, **_: object) -> None:
    queues = instance.app.amqp.queues
    if {keys.MESSAGES, keys.VOICE} & queues.consume_from.keys():
        container_of(instance.app).coaching.warm_up()
    queues.select_add(queues[_own_queue(sender)])


@signals.worker_ready.connect
def _announce(sender: Any, **_: object) -> None:
    """Send the first canaries at once: beat's first ones are seconds away."""
    app = sender.app
    for queue in sender.task_consumer.queues:
        if queue.name in keys.QUEUES:
            app.send_task(CANARY, args=(queue.name,), queue=queue.name)
    own = _own_queue(sender.hostname)
    life = container_of(app).life
    life.watch(lambda: app.send_task(OWN_CANARY, queue=own))

    def drain(**_: object) -> None:
        life.begin_drain(wake=lambda: sender.hub.call_soon(int))  # a call of nothing: the loop looks up at once

    signals.worker_shutting_down.connect(drain, weak=False)
