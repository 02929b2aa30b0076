"""What everything about webhook deliveries shares: keys and constants of the scripts, and what is sealed for what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from config import Settings
from store import engine, keys
from store.envelope import template
from store.redis_commands import Redis

SLOTS_OF_A_RECEIVER = 4  # requests at a time to one receiver of one API key, of the slots that all of them share
LEASE_MS = 30_000  # an attempt may take 15 s in all
MESSAGE_MS = 60_000  # a message that no worker took by then counts as lost
DISABLE_AFTER_MS = 5 * 24 * 3600 * 1000
QUIET_MS = 24 * 3600 * 1000  # between two failures: the second one begins to count anew
NOBODY = "none"  # stands for an id where there is none


def keys_of(delivery_id: str, receiver: str) -> list[str]:
    """KEYS of the scripts that deal with one delivery."""
    ours = [keys.delivery(delivery_id), keys.due(receiver), keys.sending(receiver)]
    return [keys.RECEIVERS, keys.DELIVERIES, *ours]


def arguments(settings: Settings, **more: Any) -> str:
    """ARGV[1] of the delivery scripts."""
    constant = {
        "envelope": template(),
        "slots": SLOTS_OF_A_RECEIVER,
        "message_ms": MESSAGE_MS,
        "lease_ms": LEASE_MS,
        "keep_ms": engine.webhook_keep_ms(settings),
        "disable_after_ms": DISABLE_AFTER_MS,
        "quiet_ms": QUIET_MS,
    }
    return json.dumps({**constant, **more})


def places(redis: Redis, job_ids: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Where the deliveries of jobs lie, for a script that removes them.

    Returns for each job how many it has (empty: not fanned out), then the ids of all, then the three KEYS of each.
    """
    with redis.pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.hget(keys.webhook_event(job_id), "count")
        counts = [count.decode() if count else "" for count in pipe.execute()]
    ids = [keys.delivery_id(job, n) for job, count in zip(job_ids, counts, strict=True) for n in range(int(count or 0))]
    with redis.pipeline(transaction=False) as pipe:
        for delivery_id in ids:
            pipe.hget(keys.delivery(delivery_id), "receiver")
        receivers = [receiver.decode() if receiver else NOBODY for receiver in pipe.execute()]
    found = [keys_of(delivery_id, receiver)[2:] for delivery_id, receiver in zip(ids, receivers, strict=True)]
    return counts, ids, [key for three in found for key in three]


def webhook_place(job_id: str) -> str:
    """What a job's own webhook is sealed for."""
    return f"{job_id}|webhook"


def answer_place(delivery_id: str) -> str:
    """What the beginning of a receiver's answer is sealed for."""
    return f"{delivery_id}|answer"
