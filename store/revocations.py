"""What becomes of the work of an API key that was revoked or has expired: nothing of it goes on."""

from __future__ import annotations

from config import Settings
from store import engine, keys
from store.api_keys import ApiKeys
from store.client import milliseconds
from store.jobs import Jobs
from store.redis_commands import Redis
from store.sessions import Sessions


class Revocations:
    """Cancels jobs of ended keys. Their streams and waiting requests, and the courier, find out by themselves."""

    def __init__(self, redis: Redis, jobs: Jobs, sessions: Sessions, settings: Settings) -> None:
        self._redis = redis
        self._jobs = jobs
        self._sessions = sessions
        self._settings = settings
        self._api_keys = ApiKeys(redis)

    def enforce(self) -> int:
        """Cancel what every ended key still has open; returns how many jobs.

        Safe to run at any time, from several processes. It is run every few seconds, for keys that expire, and for a
        job that was accepted in the very moment in which its key was revoked.
        """
        now = milliseconds(self._redis.time())
        self._redis.zremrangebyscore(keys.API_KEYS_ENDING, "-inf", now - self._kept_ms())
        ended = self._redis.zrangebyscore(keys.API_KEYS_ENDING, "-inf", now)
        return sum(self.cancel_jobs(member.decode()) for member in ended)

    def cancel_jobs(self, key_id: str) -> int:
        """Cancel what a key has open, unless it is active; returns how many jobs."""
        waiting = self._redis.zrangebyscore(keys.open_jobs(key_id), "-inf", "+inf")
        if not waiting or self._api_keys.active(key_id):
            return 0
        # The last one first: if the head of a line goes, the next one would be sent to a worker for nothing.
        return sum(self._cancel(member.decode(), key_id) for member in reversed(waiting))

    def _cancel(self, job_id: str, key_id: str) -> bool:
        job = self._jobs.get(job_id, key_id)
        session = self._sessions.get(keys.session_of(job_id) or "", key_id)
        if job is None or session is None or job.over or job.status == "cancelling":
            return False
        self._jobs.cancel(job, session)
        return True

    def _kept_ms(self) -> int:
        """How long there may be work of a key after its end: its last delivery is kept longest."""
        return engine.webhook_keep_ms(self._settings)
