"""The run's own log: what was done when. The checks at the end read this and nothing else."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any


class Record:
    """One JSON object a line, in a file and in memory; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def write(self, event: str, **fields: Any) -> None:
        """Add an entry; `at` is in seconds since the epoch."""
        entry = {"at": time.time(), "event": event, **fields}
        with self._lock:
            self._entries.append(entry)
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def of(self, event: str) -> list[dict[str, Any]]:
        """All entries of one kind so far, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry["event"] == event]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
