"""Blocking calls that a job can walk away from: a thread cannot be interrupted, so they run in another one."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from coach.model import failure, seconds_left
from workers.heartbeat import Lease

T = TypeVar("T")
_Answer = tuple[Any, BaseException | None]  # what a call returned, or what it raised


class Aside:
    """One helper thread for one job, which makes the job's blocking calls one after the other.

    When the job must stop, it stops at once and leaves the call to end by its own timeout. What is called here must
    therefore write nothing: only the job's own thread has the `Hold`.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._calls: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[_Answer]] | None] = SimpleQueue()
        context = contextvars.copy_context()  # the ids that log lines carry
        threading.Thread(target=context.run, args=(self._serve,), name="aside", daemon=True).start()

    def run(self, call: Callable[[], T]) -> T:
        """What the call returns.

        Raises:
            CoachError: `model_timeout`, at the job's deadline.
            Exception: what the call raises, or what `Lease.check` raises, as soon as the heartbeat heard of it.
        """
        answer: SimpleQueue[_Answer] = SimpleQueue()
        self._lease.on_stop = lambda: answer.put((None, None))
        left = seconds_left(self._lease.seconds_left)
        self._calls.put((call, answer))
        try:
            value, error = answer.get(timeout=left)
        except Empty:
            raise failure("model_timeout") from None
        self._lease.check()
        if error:
            raise error
        return value  # type: ignore[no-any-return]  # the queue knows no types

    def each(self, events: Generator[T, None, None]) -> Generator[T, None, None]:
        """What the generator yields; it is closed in the end, as soon as the step it is in lets it."""
        try:
            while (event := self.run(lambda: next(events, None))) is not None:
                yield event
        finally:
            self._calls.put((events.close, SimpleQueue()))

    def close(self) -> None:
        """Let the thread end once its call has."""
        self._calls.put(None)

    def _serve(self) -> None:
        while item := self._calls.get():
            call, answer = item
            try:
                answer.put((call(), None))
            except BaseException as error:  # raised again in the thread that asked
                answer.put((None, error))
