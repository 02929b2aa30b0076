"""`celery -A tests.support.impatient_worker worker`: the product's worker with the patience that a test has.

`IMPATIENT` is a JSON object of constants of `workers.life`. On SIGUSR1 the worker goes deaf: it stays connected and
alive, but takes nothing from any queue any more.
"""

import json
import os
import signal
from typing import Any

from celery import signals

from workers import life
from workers.main import app

vars(life).update(json.loads(os.environ["IMPATIENT"]))


@signals.worker_ready.connect(weak=False)
def _obey(sender: Any, **_: object) -> None:
    def go_deaf(*_: object) -> None:
        sender.task_consumer.cancel()

    signal.signal(signal.SIGUSR1, go_deaf)


__all__ = ["app"]
