"""Waiting for a job without asking again and again: one pub/sub connection a process, shared by all who wait."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from store import keys
from store.redis_commands import Redis

log = logging.getLogger(__name__)

_PREFIX = keys.notify_channel("")
_RECONNECT_SECONDS = 0.5
_QUIET_SECONDS = 0.3  # then we ask whether the server is still there: with its timeout, waiters know within 2 s


class Notifications:
    """Wakes those who wait for a job whenever the ledger wrote something about it.

    A wake-up carries no content and may be missed or come twice: whoever wakes reads the ledger.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, set[threading.Event]] = defaultdict(set)
        self._lock = threading.Lock()
        self._listening = False
        self._silent = False  # the server holds our connection and does not answer

    @contextmanager
    def watch(self, job_id: str) -> Iterator[threading.Event]:
        """An event that is set when there is news of the job; the caller clears it and reads the ledger."""
        event = threading.Event()
        with self._lock:
            self._waiting[job_id].add(event)
            if not self._listening:
                self._listening, self._silent = True, False
                threading.Thread(target=self._listen, name="notifications", daemon=True).start()
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[job_id].discard(event)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Return when there is news, or when the time is up.

        Raises:
            RedisTimeoutError: the server has stopped to answer, so that waiting on would be waiting for nothing.
        """
        event.wait(seconds)
        if self._silent:
            raise RedisTimeoutError("the server does not answer")

    def _listen(self) -> None:
        pause = threading.Event()
        while True:
            try:
                with self._redis.pubsub() as pubsub:
                    pubsub.psubscribe(f"{_PREFIX}*")
                    while True:
                        self._hear(pubsub.get_message(timeout=_QUIET_SECONDS))
            except RedisError as error:
                log.warning("notifications.lost")
                self._silent = isinstance(error, RedisTimeoutError)
                self._wake_all()
                if not self._wanted():
                    return
                pause.wait(_RECONNECT_SECONDS)

    def _wanted(self) -> bool:
        """Whether anybody waits: a lost server is not called for nobody. Who comes later starts the next listener."""
        with self._lock:
            self._listening = bool(self._waiting)
            return self._listening

    def _hear(self, message: dict[str, Any] | None) -> None:
        if message is None:
            if self._waiting:
                self._redis.ping()
        elif message["type"] == "psubscribe":
            self._silent = False
            self._wake_all()  # whatever was said before we listened
        else:
            self._wake(message["channel"].decode().removeprefix(_PREFIX))

    def _wake(self, job_id: str) -> None:
        with self._lock:
            for event in self._waiting.get(job_id, ()):
                event.set()

    def _wake_all(self) -> None:
        with self._lock:
            for events in self._waiting.values():
                for event in events:
                    event.set()
