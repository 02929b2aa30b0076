"""The Celery message of a job or a delivery, as the Redis transport of kombu expects it on the list of a queue.

The submit script puts it there itself, so that "accepted" and "enqueued" are one step. A contract test holds this
envelope against the installed kombu and Celery (task protocol 2: https://docs.celeryq.dev/en/stable/internals/protocol.html).
"""

from __future__ import annotations

import json

RUN_JOB = "jobs.run"
FAN_OUT, DELIVER = "webhooks.fan_out", "webhooks.deliver"


def template() -> str:
    """JSON with @TASK@, @ID@, @TAG@ and @QUEUE@ for the scripts to fill. It carries one id and nothing else."""
    task_id = "@TAG@"
    return json.dumps(
        {
            "body": json.dumps([["@ID@"], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": "@TASK@",
                "id": task_id,
                "root_id": task_id,
                "parent_id": None,
                "group": None,
                "argsrepr": "('@ID@',)",
                "kwargsrepr": "{}",
                "origin": "ledger",
                "ignore_result": True,
                "retries": 0,
                "eta": None,
                "expires": None,
                "timelimit": [None, None],
            },
            "properties": {
                "correlation_id": task_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "@QUEUE@"},
                "priority": 0,
                "delivery_tag": "@TAG@",
            },
        }
    )
