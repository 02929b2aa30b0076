"""Composition root of a worker process: every client is built here, once, when the first task asks for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from config import Settings
from store.client import connect
from store.crypto import Vault
from store.errands import Errands
from store.health import Health
from store.jobs import Jobs
from store.ledger import Ledger
from store.outbox import Outbox
from store.revocations import Revocations
from store.sessions import Sessions
from store.webhook_endpoints import Endpoints
from webhooks.guard import Guard
from webhooks.send import Sender
from workers.courier import Courier
from workers.heartbeat import Heartbeat
from workers.life import Life

if TYPE_CHECKING:
    from workers.coaching import Coaching

_SPARE_CONNECTIONS = 16  # beside one for each job: heartbeat, watch over the process, drain


class Container:
    """What the tasks of one process share."""

    def __init__(self, settings: Settings) -> None:
        connections = settings.worker_slots + _SPARE_CONNECTIONS
        redis = connect(settings.redis_url, answer_seconds=5, connections=connections)
        vault = Vault(settings.data_encryption_keys)
        self._settings = settings
        self._lock = threading.Lock()
        self._coaching: Coaching | None = None
        self.ledger = Ledger(redis, vault, settings)
        self.sessions = Sessions(redis, vault, settings)
        self.health = Health(redis)
        self._heartbeat = Heartbeat(self.ledger)
        self.life = Life(heartbeat=self._heartbeat, ledger=self.ledger, ping=redis.ping, slots=settings.worker_slots)
        self.outbox = Outbox(redis, vault, settings)
        jobs = Jobs(redis, vault, settings)
        self.revocations = Revocations(redis, jobs, self.sessions, settings)
        self.courier = Courier(
            errands=Errands(redis, vault, settings),
            endpoints=Endpoints(redis, vault),
            jobs=jobs,
            guard=Guard(settings.webhook_allow_http_hosts),
            sender=Sender(),
            retry_seconds=settings.webhook_retry_seconds,
            slots_of_a_key=max(1, settings.worker_slots // 5),
        )

    @property
    def coaching(self) -> Coaching:
        """What jobs are done with, built when first asked for: a process that only delivers never does."""
        from workers.coaching import Coaching  # noqa: PLC0415 (the clients of models and index take seconds to import)

        with self._lock:
            if self._coaching is None:
                self._coaching = Coaching(self._settings, self.ledger, self._heartbeat, self.health)
            return self._coaching
