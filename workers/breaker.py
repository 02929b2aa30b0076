"""A circuit breaker for the model API: while it is away, jobs wait without asking it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

OPENS_AFTER = 5  # failures in a row
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0  # also about the longest that a job waits once the API is back
PROBE_SECONDS = 5.0  # a probe that has not told how it went by then makes room for another


class ModelAway(Exception):
    """The model API is not to be asked for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Breaker:
    """Closed, open or half-open, for all jobs of a process; safe to share between threads.

    Failures in a row open it. Each time its pause is over it lets one call through, the probe: a success closes it, a
    failure doubles the pause. (M. Nygard, Release It!, "Circuit Breaker".)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = 0.0  # 0 = closed
        self._retry_at = 0.0
        self._probing = False

    def admit(self) -> None:
        """Return if the API may be called now.

        Raises:
            ModelAway: it may not; the seconds are spread, so that those who wait do not all come back at once.
        """
        with self._lock:
            if not self._pause:
                return
            left = self._retry_at - self._clock()
            if left > 0:
                raise ModelAway(left + random.uniform(0.0, 1.0))  # noqa: S311 (jitter, no secret)
            self._probing = True
            self._retry_at = self._clock() + PROBE_SECONDS

    def succeeded(self) -> None:
        """The API answered."""
        with self._lock:
            if self._pause:
                log.info("breaker.closed")
            self._failures, self._pause, self._probing = 0, 0.0, False

    def failed(self) -> None:
        """The API failed in a way that may pass."""
        with self._lock:
            self._failures += 1
            # Calls that were under way when it opened say nothing new.
            if self._failures < OPENS_AFTER or (self._pause and not self._probing):
                return
            self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
            self._retry_at = self._clock() + self._pause * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
            self._probing = False
            log.warning("breaker.opened", extra={"pause_seconds": self._pause})
