"""The latest results, so that the same question is not searched for twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Recent(Generic[Result]):
    """Keeps the `size` latest used results. Safe to share between threads.

    A key is kept as its hash only: what a person asked must not stay in memory after it was erased.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._results: OrderedDict[bytes, Result] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, find: Callable[[], Result]) -> Result:
        """The result kept for the key, or else what `find` returns. An error of `find` keeps nothing."""
        digest = hashlib.sha256(key.encode()).digest()
        with self._lock:
            if digest in self._results:
                self._results.move_to_end(digest)
                return self._results[digest]
        result = find()
        with self._lock:
            self._results[digest] = result
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return result
