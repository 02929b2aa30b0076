"""The Celery application: transport, pool and schedule. Which task does what is in `workers.tasks`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

import logs
from config import Settings
from store import engine, keys
from store.envelope import RUN_JOB

if TYPE_CHECKING:
    from workers.container import Container

CANARY = "maintenance.canary"
OWN_CANARY = "maintenance.own_canary"
REAP = "maintenance.reap"
CHECK = "maintenance.check"
PUMP = "webhooks.pump"
CANARY_SECONDS = 5
CHECK_SECONDS = 15
PUMP_SECONDS = 2  # how late a retry may be; what is sent at once does not wait for it


class App(Celery):
    """A Celery application that knows its settings and, once a task asked for it, its container."""

    settings: Settings
    container: Container | None = None


def create_app(settings: Settings) -> App:
    """A Celery application for these settings; opens no connection."""
    app = App("workers", broker=settings.celery_broker_url, include=["workers.tasks", "workers.delivery_tasks"])
    app.settings = settings
    app.conf.update(
        # Redelivery is the ledger's: this transport-level one must never come into play.
        broker_transport_options={
            "visibility_timeout": 86_400,
            "socket_timeout": 15,
            "socket_connect_timeout": 3,
            "health_check_interval": 10,
        },
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_default_queue=keys.MAINTENANCE,
        task_routes={RUN_JOB: {"queue": keys.MESSAGES}, "webhooks.*": {"queue": keys.DELIVERIES}},
        # Not gevent (a killed worker's jobs were lost) and not prefork (memory): docs/adr/0002-workers-run-threads.md
        worker_pool="threads",
        worker_concurrency=settings.worker_slots,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,  # with it on, a broker restart killed the worker
        worker_send_task_events=True,  # Flower lives on these alone
        worker_hijack_root_logger=False,
        beat_scheduler="celery.beat:Scheduler",  # nothing to remember between starts
        beat_max_loop_interval=1,
        beat_schedule=_schedule(),
    )
    signals.setup_logging.connect(_setup_logging(settings), weak=False)
    return app


def _schedule() -> dict[str, dict[str, Any]]:
    """What beat sends. A message that was not taken before the next one is due is worth nothing, so it expires."""

    def every(seconds: int, task: str, queue: str = keys.MAINTENANCE, args: tuple[str, ...] = ()) -> dict[str, Any]:
        options = {"queue": queue, "expires": 2 * seconds}
        return {"task": task, "schedule": seconds, "args": args, "options": options}

    schedule = {f"canary-{queue}": every(CANARY_SECONDS, CANARY, queue, (queue,)) for queue in keys.QUEUES}
    schedule["reap"] = every(engine.REAP_SECONDS, REAP)
    schedule["check"] = every(CHECK_SECONDS, CHECK)
    schedule["pump"] = every(PUMP_SECONDS, PUMP, keys.DELIVERIES)
    return schedule


def _setup_logging(settings: Settings) -> Any:
    def setup(**_: object) -> None:
        logs.setup(settings)
        logging.getLogger("celery.worker").setLevel(logging.INFO if settings.log_level != "DEBUG" else logging.DEBUG)

    return setup
