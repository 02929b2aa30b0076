"""For the tests of the runner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from store.jobs import Jobs
from store.ledger import Ledger
from store.sessions import Sessions
from tests.integration.workers.runner_bench import Bench, Blocked


@pytest.fixture
def bench(redis: Any, sessions: Sessions, jobs: Jobs, ledger: Ledger) -> Bench:
    return Bench(redis, sessions, jobs, ledger)


@pytest.fixture
def blocked() -> Iterator[Blocked]:
    call = Blocked()
    yield call
    call.over.set()
