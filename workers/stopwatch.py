"""How long each stage of a job took."""

from __future__ import annotations

import time


class Stopwatch:
    """Collects milliseconds per stage, from one `enter` to the next."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stage = ""
        self._entered = self._began
        self._spent: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """The work now goes on in this stage."""
        now = time.monotonic()
        if self._stage:
            self._spent[self._stage] = self._spent.get(self._stage, 0.0) + now - self._entered
        self._stage, self._entered = stage, now

    def timings(self, queued_ms: int) -> dict[str, int]:
        """`{"queued_ms", "<stage>_ms"…, "total_ms"}`; total counts from acceptance."""
        self.enter("")
        stages = {f"{stage}_ms": round(seconds * 1000) for stage, seconds in self._spent.items()}
        total = queued_ms + round((time.monotonic() - self._began) * 1000)
        return {"queued_ms": queued_ms, **stages, "total_ms": total}
