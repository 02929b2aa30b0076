"""When a worker process ends itself, and when it does not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from store.ledger import Ledger
from tests.integration.ledger_kit import wait_for
from workers import life
from workers.heartbeat import Heartbeat
from workers.life import Life

ENOUGH = 5  # canaries: more than a deaf worker would wait for


class Process:
    """What `Life` does to its process is only written down; a canary comes back while `hears`."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heartbeat = Heartbeat(ledger)
        self.life = Life(heartbeat=self.heartbeat, ledger=ledger, ping=self._ping, slots=1)
        self.sent = 0
        self.hears = self.redis_answers = True
        self.ended = threading.Event()
        monkeypatch.setattr(life, "WATCH_SECONDS", 0.01)
        monkeypatch.setattr(life, "DEAF_AFTER", 3)
        monkeypatch.setattr(os, "_exit", self._end)
        monkeypatch.setattr(os, "kill", self._end)

    def watch(self) -> None:
        self.life.watch(self._send)

    def goes_on(self) -> bool:
        sent = self.sent
        wait_for(lambda: self.sent > sent + ENOUGH)
        return not self.ended.is_set()

    def _end(self, *_: int) -> None:
        self.ended.set()

    def _ping(self) -> None:
        if not self.redis_answers:
            self.sent += 1
            raise RedisConnectionError

    def _send(self) -> None:
        self.sent += 1
        if self.hears:
            self.life.heard()


@pytest.fixture
def process(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    it = Process(ledger, monkeypatch)
    yield it
    it.life.begin_drain(wake=lambda: None)  # which also ends the watch


def test_a_process_that_hears_its_canaries_goes_on(process: Process) -> None:
    process.watch()
    assert process.goes_on()


def test_a_process_that_hears_none_while_redis_answers_ends_itself(process: Process) -> None:
    process.watch()
    process.hears = False
    assert process.ended.wait(5)


def test_no_process_is_taken_for_deaf_while_redis_is_away(process: Process) -> None:
    process.hears = process.redis_answers = False
    process.watch()
    assert process.goes_on()
    process.redis_answers = True
    assert process.ended.wait(5), "but it is once Redis is back"


def test_a_process_with_all_its_slots_taken_is_not_taken_for_deaf(
    process: Process, open_session: Callable[..., Any], kit: Any
) -> None:
    process.hears = False
    with process.heartbeat.keeping(kit.claim(kit.submit(open_session()))):
        process.watch()
        assert process.goes_on()


def test_a_process_that_has_grown_too_large_asks_for_its_end(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "GROWTH_BYTES", -1)
    process.watch()
    assert process.ended.wait(5)
    assert process.sent == 0
