"""How a worker process ends: it drains when told to, and ends itself when it is deaf or has grown too large."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from store.ledger import Ledger
from workers.heartbeat import Heartbeat

log = logging.getLogger(__name__)

GRACE_SECONDS = 25.0  # for jobs under way, from SIGTERM on; a supervisor must wait for a little longer before it kills
HAND_BACK_SECONDS = 3.0
WATCH_SECONDS = 5.0
DEAF_AFTER = 12  # watches in a row without a canary: counted, because a process that was stopped has no sense of time
GROWTH_BYTES = 1280 * 1024 * 1024  # since the start: a large index that is meant to be in memory is no leak


class Life:
    """Watches over one worker process.

    Args:
        heartbeat: knows the jobs under way.
        ledger: takes jobs back.
        ping: raises `RedisError` when Redis does not answer.
        slots: how many jobs run at most; with all of them taken, no canary can come through.
    """

    def __init__(self, *, heartbeat: Heartbeat, ledger: Ledger, ping: Callable[[], object], slots: int) -> None:
        self._heartbeat = heartbeat
        self._ledger = ledger
        self._ping = ping
        self._slots = slots
        self._heard = False
        self._draining = False

    def heard(self) -> None:
        """A canary came out of the queue of this process: it consumes."""
        self._heard = True

    def watch(self, send_canary: Callable[[], object]) -> None:
        """From now on, in a thread, send canaries through the process's own queue and look after its memory."""
        threading.Thread(target=self._watch, args=(send_canary,), name="life", daemon=True).start()

    def begin_drain(self, wake: Callable[[], object]) -> None:
        """Drain in a thread that the end of the process waits for.

        Fit for a signal handler, which must take no lock. `wake` has Celery's loop look up: asleep, it would go on
        taking messages for a second.
        """
        if not self._draining:
            self._draining = True
            threading.Thread(target=self._drain, args=(wake,), name="drain").start()

    def _watch(self, send_canary: Callable[[], object]) -> None:
        misses, ceiling = 0, _resident_bytes() + GROWTH_BYTES
        while True:
            time.sleep(WATCH_SECONDS)
            if self._draining:
                return
            if _resident_bytes() > ceiling:
                log.error("worker.too_large", extra={"ceiling_bytes": ceiling})
                os.kill(os.getpid(), signal.SIGTERM)
                return
            excused = self._heard or self._heartbeat.jobs >= self._slots
            self._heard = False
            try:
                self._ping()
                send_canary()
            except (RedisError, OperationalError):
                excused = True  # nobody hears anything while Redis is away
            misses = 0 if excused else misses + 1
            if misses >= DEAF_AFTER:
                log.error("worker.deaf", extra={"canaries_missed": misses})
                self._draining = True
                self._drain()
                os._exit(1)  # whatever is stuck shall not keep the process alive; its supervisor starts another

    def _drain(self, wake: Callable[[], object] = lambda: None) -> None:
        """Jobs may end within the grace time; those that have not are handed back, and other workers told at once."""
        wake()
        log.info("worker.draining", extra={"jobs": self._heartbeat.jobs})
        self._wait_for_jobs(GRACE_SECONDS)
        left = self._heartbeat.jobs
        self._heartbeat.hand_back()
        self._wait_for_jobs(HAND_BACK_SECONDS)
        try:
            if left:
                self._ledger.reap()
        except RedisError:
            log.warning("worker.hand_back_unannounced", extra={"jobs": left})  # the next reaper will see to it
        log.info("worker.drained", extra={"handed_back": left})

    def _wait_for_jobs(self, seconds: float) -> None:
        give_up = time.monotonic() + seconds
        while self._heartbeat.jobs and time.monotonic() < give_up:
            time.sleep(0.05)


def _resident_bytes() -> int:
    """Memory in use, from proc(5); 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
