"""One thread a process that renews the leases of all its jobs, and tells each job when to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from store.engine import HEARTBEAT_SECONDS
from store.hold import Hold, JobCancelled, JobLost
from store.ledger import Ledger, Word

log = logging.getLogger(__name__)


class Lease:
    """What the heartbeat last heard about one job."""

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.word = Word.OK

    def check(self) -> None:
        """Return if the work may go on; raise `JobCancelled` or `JobLost` if not."""
        if self.word is Word.CANCEL:
            raise JobCancelled
        if self.word is Word.LOST:
            raise JobLost

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

    @contextmanager
    def keeping(self, hold: Hold) -> Iterator[Lease]:
        """Renew this job's lease inside the block."""
        lease = Lease(hold)
        with self._lock:
            self._leases.add(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield lease
        finally:
            with self._lock:
                self._leases.discard(lease)

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
                lease.word = word
