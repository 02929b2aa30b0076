"""One thread a process that renews the leases of all its jobs, and tells each job when to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from store.engine import HEARTBEAT_SECONDS
from store.hold import Hold, JobCancelled, JobLost
from store.ledger import Ledger, Word

log = logging.getLogger(__name__)


class JobHandedBack(Exception):
    """This process is about to end. Stop, and give the job to another worker."""


_REASONS: dict[Word, type[Exception]] = {Word.CANCEL: JobCancelled, Word.LOST: JobLost}


class Lease:
    """Whether the work on one job may go on. `on_stop` is called, in another thread, when it may not any more."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.on_stop: Callable[[], None] = lambda: None
        self._reason: type[Exception] | None = None

    def stop(self, reason: type[Exception]) -> None:
        """Have `check` raise this from now on."""
        self._reason = self._reason or reason
        self.on_stop()

    def check(self) -> None:
        """Return if the work may go on; raise `JobCancelled`, `JobLost` or `JobHandedBack` if not."""
        if self._reason:
            raise self._reason

    def seconds_left(self) -> float:
        """Seconds until the deadline; raises like `check`, so that whoever asks for time also hears of a cancel."""
        self.check()
        return self.hold.seconds_left()


class Heartbeat:
    """Keeps leases alive while the work is under way."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._leases: set[Lease] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False

    @property
    def jobs(self) -> int:
        """How many jobs are under way."""
        return len(self._leases)

    @contextmanager
    def keeping(self, hold: Hold) -> Iterator[Lease]:
        """Renew this job's lease inside the block."""
        lease = Lease(hold)
        with self._lock:
            self._leases.add(lease)
            if self._ending:
                lease.stop(JobHandedBack)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield lease
        finally:
            with self._lock:
                self._leases.discard(lease)

    def hand_back(self) -> None:
        """Stop every job, and each that comes later."""
        with self._lock:
            self._ending = True
            leases = list(self._leases)
        for lease in leases:
            lease.stop(JobHandedBack)

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(HEARTBEAT_SECONDS):
            with self._lock:
                leases = list(self._leases)
            try:
                words = self._ledger.renew(lease.hold for lease in leases)
            except RedisError:
                # The lease may run out meanwhile. That is the reaper's to see, and the fence makes it harmless.
                log.warning("heartbeat.failed", extra={"jobs": len(leases)})
                continue
            for lease, word in zip(leases, words, strict=True):
                if reason := _REASONS.get(word):
                    lease.stop(reason)
