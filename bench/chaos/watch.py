"""What the ledger says while it happens: every notification, and where each unfinished job stands."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from redis.exceptions import RedisError

from bench.chaos.load import Load
from bench.chaos.record import Record
from store import keys
from store.client import connect
from store.job import TERMINAL

_SWEEP_SECONDS = 2


@dataclass(frozen=True)
class Sight:
    """A job at one moment; `stage` is `queued` while nobody works on it."""

    job_id: str
    stage: str


class Watch:
    """Listens on a connection of its own, which Valkey's deaths end now and then: what is missed is swept up."""

    def __init__(self, redis_url: str, load: Load, record: Record) -> None:
        self._redis, self._load, self._record = connect(redis_url), load, record
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.news = threading.Event()

    def look(self) -> list[Sight]:
        """All unfinished jobs; those found finished are crossed off. Empty while Valkey is away."""
        jobs = self._load.outstanding()
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for job in jobs:
                    pipe.hmget(keys.job(job), ["status", "stage"])
                found = pipe.execute()
        except RedisError:
            return []
        seen = []
        for job, (status, stage) in zip(jobs, found, strict=True):
            if status is None or status.decode() in TERMINAL:
                self._load.over(job)
            else:
                seen.append(Sight(job, stage.decode() or "queued"))
        return seen

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join()
        self._redis.close()

    def _run(self) -> None:
        prefix = keys.notify_channel("")
        while not self._stop.is_set():
            try:
                with self._redis.pubsub() as pubsub:
                    pubsub.psubscribe(f"{prefix}*")
                    swept = 0.0
                    while not self._stop.is_set():
                        message = pubsub.get_message(ignore_subscribe_messages=True, timeout=0.2)
                        if message:
                            self._heard(message["channel"].decode().removeprefix(prefix), message["data"].decode())
                        elif time.monotonic() > swept + _SWEEP_SECONDS:
                            self.look()
                            swept = time.monotonic()
            except RedisError:
                self._stop.wait(0.2)

    def _heard(self, job_id: str, word: str) -> None:
        self.news.set()
        if word in TERMINAL:
            self._record.write("ended", job=job_id, status=word)
            self._load.over(job_id)
