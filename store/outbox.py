"""Ends of jobs on their way to webhook receivers: who hears of one, and what is due now."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from config import Settings
from store import delivery_scripts, keys
from store.client import milliseconds
from store.crypto import SealError, Vault
from store.delivery_scripts import NOBODY
from store.redis_commands import Redis
from store.scripts import Scripts
from store.webhook_endpoints import EVENTS, Endpoint, Endpoints

log = logging.getLogger(__name__)

_FAN_OUT_AGAIN_MS = 5_000
_BATCH = 500
# What a sample of each event says about its job: status and outcome.
SAMPLES = {
    "job.completed": ("completed", "answered"),
    "job.failed": ("failed", ""),
    "job.cancelled": ("cancelled", ""),
    "job.expired": ("expired", ""),
    "safety.escalated": ("completed", "escalated"),
}


@dataclass
class _Planned:
    """A delivery to be made."""

    id: str
    type: str
    endpoint_id: str
    receiver: str
    url: str
    first: bool  # of what goes to this receiver; those behind it wait, so that the order is kept
    following: str = NOBODY


def events_of(status: str, outcome: str) -> list[str]:
    """The types of the events that a job's end is, in the order in which they are sent."""
    return ["safety.escalated"] * (outcome == "escalated") + [f"job.{status}"]


class Outbox:
    """Makes deliveries and admits them; what the scripts do is described in `lua/`."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._vault = vault
        self._settings = settings
        self._scripts = Scripts(redis)
        self._endpoints = Endpoints(redis, vault)

    def fan_out(self, job_id: str) -> int:
        """Make the deliveries of a job that ended, once; returns how many."""
        event = {name.decode(): value for name, value in self._redis.hgetall(keys.webhook_event(job_id)).items()}
        if not event:  # erased
            self._redis.zrem(keys.OUTBOX, job_id)
            return 0
        key_id, status, outcome = (event[name].decode() for name in ("key_id", "status", "outcome"))
        planned: list[_Planned] = []
        for endpoint, url, events in self._receivers(job_id, key_id, event.get("webhook", b"")):
            behind = None
            for type_ in events_of(status, outcome):
                if type_ in events:
                    delivery_id = keys.delivery_id(job_id, len(planned))
                    planned.append(_plan(delivery_id, key_id, type_, endpoint, url, first=behind is None))
                    if behind:
                        behind.following = delivery_id
                    behind = planned[-1]
        about = {"job": job_id, "session": event["session_id"].decode(), "status": status, "outcome": outcome}
        return self._make(planned, key_id, **about, at=int(event["at"]), sample=0)

    def sample(self, endpoint: Endpoint) -> str:
        """Send an event that never happened, so that a receiver can be tried out; returns the delivery's id."""
        type_ = endpoint.events[0]
        delivery_id = f"dlv_{secrets.token_hex(16)}_0_0"
        planned = _plan(delivery_id, endpoint.key_id, type_, endpoint, endpoint.url, first=True)
        status, outcome = SAMPLES[type_]
        about = {"job": "", "session": "", "status": status, "outcome": outcome}
        self._make([planned], endpoint.key_id, **about, at=milliseconds(self._redis.time()), sample=1)
        return delivery_id

    def pump(self) -> int:
        """Send what came due, and what was about to be sent when a process died; returns how many it looked after.

        Safe to run at any time, from several processes, any number of times.
        """
        now = milliseconds(self._redis.time())
        forgotten = self._redis.zrangebyscore(keys.OUTBOX, "-inf", now - _FAN_OUT_AGAIN_MS, start=0, num=_BATCH)
        for member in forgotten:
            try:
                self.fan_out(member.decode())
            except SealError:  # its master key is gone; the others shall not wait until that is put back
                log.exception("outbox.unreadable", extra={"job_id": member.decode()})
        due = self._redis.zrangebyscore(keys.RECEIVERS, "-inf", now, start=0, num=_BATCH)
        for member in due:
            self._admit(member.decode(), now)
        return len(forgotten) + len(due)

    def _admit(self, receiver: str, now: int) -> None:
        places = [keys.due(receiver), keys.sending(receiver)]
        members = [self._redis.zrangebyscore(place, "-inf", now, start=0, num=_BATCH) for place in places]
        waiting = [member.decode() for member in chain.from_iterable(members)]
        script_keys = [keys.RECEIVERS, keys.DELIVERIES, *places, *map(keys.delivery, waiting)]
        arguments = delivery_scripts.arguments(self._settings, receiver=receiver, waiting=waiting)
        self._scripts.run("admit_deliveries", script_keys, [arguments])

    def _receivers(self, job_id: str, key_id: str, sealed: bytes) -> list[tuple[Endpoint | None, str, tuple[str, ...]]]:
        """Who hears of a job, where, and of which events: its own webhook hears of all."""
        own = json.loads(self._vault.open(delivery_scripts.webhook_place(job_id), sealed)) if sealed else {}
        found: list[tuple[Endpoint | None, str, tuple[str, ...]]] = []
        for endpoint in self._endpoints.of_key(key_id):
            named = endpoint.id == own.get("endpoint_id")
            if endpoint.enabled:
                found.append((endpoint, endpoint.url, EVENTS if named else endpoint.events))
        if "url" in own:
            found.append((None, own["url"], EVENTS))
        return found

    def _make(self, planned: list[_Planned], key_id: str, **about: Any) -> int:
        script = [
            keys.RECEIVERS,
            keys.DELIVERIES,
            keys.webhook_event(about["job"]),
            keys.OUTBOX,
            keys.deliveries_of(key_id),
        ]
        for plan in planned:
            script += delivery_scripts.keys_of(plan.id, plan.receiver)[2:]
        told = [{name: value for name, value in asdict(plan).items() if name != "url"} for plan in planned]
        urls = [
            self._vault.seal(f"{plan.id}|url", plan.url.encode()) if not plan.endpoint_id else b"" for plan in planned
        ]
        text = delivery_scripts.arguments(self._settings, key_id=key_id, deliveries=told, **about)
        return int(self._scripts.run("fan_out", script, [text, *urls]))


def _plan(delivery_id: str, key_id: str, type_: str, endpoint: Endpoint | None, url: str, *, first: bool) -> _Planned:
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    # One API key cannot fill the slots of another's receiver, though both may send to the same host.
    receiver = hashlib.sha256(f"{key_id}|{place.scheme}://{place.hostname}:{port}".encode()).hexdigest()[:32]
    return _Planned(delivery_id, type_, endpoint.id if endpoint else "", receiver, url, first)
