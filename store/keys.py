"""The name of every Redis key, and the order in which the ledger's scripts receive them."""

from __future__ import annotations

import re

SESSION_ID = re.compile(r"sess_[0-9a-f]{32}")
JOB_ID = re.compile(r"job_([0-9a-f]{32})_([1-9][0-9]{0,8})")
ENDPOINT_ID = re.compile(r"whep_[0-9a-f]{32}")

# The ledger's code for a queue, as it stands in a session's line: "m:<job id>" or "v:<job id>".
MESSAGES, VOICE, MAINTENANCE, DELIVERIES = "messages", "voice", "maintenance", "deliveries"
QUEUES = (MESSAGES, VOICE, MAINTENANCE, DELIVERIES)
CODE_OF_TYPE = {"message": "m", "voice": "v"}

SESSIONS = "rr:sessions"  # zset: session id -> when it expires (ms); counts all, and tells the reaper what to sweep
DISPATCH = "rr:dispatch"  # zset: admitted, unclaimed job -> when its message is sent again (ms)
LEASES = "rr:leases"  # zset: claimed job -> when its lease runs out (ms)
DEADLINES = "rr:deadlines"  # zset: unfinished job -> its deadline (ms)
OUTBOX = "rr:outbox"  # zset: job whose end has not been handed to its webhook receivers yet -> when it ended (ms)
RECEIVERS = "rr:receivers"  # zset: webhook receiver -> when there is next something to do for it (ms)
REWRITE_DUE = "rr:rewrite_due"  # set by an erasure: the append-only file still holds what was erased
API_KEY_HASHES = "rr:api_key_hashes"  # hash: SHA-256 of a key -> key id
ALL_API_KEYS = "rr:api_keys"  # zset: key id -> when it was made (ms)
API_KEYS_ENDING = "rr:api_keys_ending"  # zset: key id -> when it expires or was revoked (ms)
API_KEYS_REVOKED = "rr:api_keys_revoked"  # set: ids of revoked keys, which the environment may still list
WRONG_KEYS = "rr:wrong_keys"  # hash: bucket of client addresses -> wrong keys that came from there; lives a window
BLOCKED = "rr:blocked"  # zset: client address or IPv6 network -> until when it is blocked (ms, or inf)
AUDIT = "rr:audit"  # stream: what happened to keys, and what was erased; holds hashed ids only
API_KEYS_IMPORTED = "rr:api_keys_imported"  # set when the environment's keys were stored; gone = Redis came back empty
HEALTH = "rr:health"  # hash: check -> JSON of the last result, written by a worker
AUDIO_HELD = "rr:audio_held"  # how many bytes of sealed recordings wait for, or are in, the hands of a worker


def session(session_id: str) -> str:
    """Hash of a session: owner, wrapped data key, counter, expiry, sealed state and metadata."""
    return f"rr:session:{session_id}"


def sessions_of(key_id: str) -> str:
    """Zset of one API key's sessions, scored like `SESSIONS`."""
    return f"rr:sessions:{key_id}"


def history(session_id: str) -> str:
    """List of sealed messages, oldest first."""
    return f"rr:history:{session_id}"


def line(session_id: str) -> str:
    """List of a session's unfinished jobs in order of arrival; only its head may run."""
    return f"rr:line:{session_id}"


def job(job_id: str) -> str:
    """Hash of a job."""
    return f"rr:job:{job_id}"


def events(job_id: str) -> str:
    """Stream of a job's sealed events."""
    return f"rr:events:{job_id}"


def audio(job_id: str) -> str:
    """Sealed recording of a voice job, until the job ends."""
    return f"rr:audio:{job_id}"


def speech(job_id: str) -> str:
    """List of the sealed parts of the spoken reply, in order."""
    return f"rr:speech:{job_id}"


def open_jobs(key_id: str) -> str:
    """Zset of an API key's unfinished jobs."""
    return f"rr:open:{key_id}"


def jobs_of(key_id: str) -> str:
    """Zset of all of an API key's jobs, by when they were accepted (µs)."""
    return f"rr:jobs:{key_id}"


def usage(key_id: str) -> str:
    """Hash of what an API key used: "<UTC day>:<what>" -> how much, and what is reserved for its unfinished jobs."""
    return f"rr:usage:{key_id}"


def durations(code: str) -> str:
    """List of how long the last completed jobs of a kind ran (ms), newest first."""
    return f"rr:durations:{code}"


def ready(key_id: str, code: str) -> str:
    """Zset of heads of lines that wait for a slot of their API key; score = since when (µs)."""
    return f"rr:ready:{key_id}:{code}"


def running(key_id: str, code: str) -> str:
    """Zset of an API key's admitted jobs: those that have, or had, a Celery message."""
    return f"rr:running:{key_id}:{code}"


def idempotency(key_id: str, digest: str) -> str:
    """Hash of an Idempotency-Key: job id and content HMAC."""
    return f"rr:idempotency:{key_id}:{digest}"


def webhook_event(job_id: str) -> str:
    """Hash of what webhooks tell about a job's end; it outlives the session, and holds nothing that was said."""
    return f"rr:webhook_event:{job_id}"


def delivery(delivery_id: str) -> str:
    """Hash of one event on its way to one receiver."""
    return f"rr:delivery:{delivery_id}"


def deliveries_of(key_id: str) -> str:
    """Zset of an API key's deliveries, by when they were made (µs)."""
    return f"rr:deliveries:{key_id}"


def due(receiver: str) -> str:
    """Zset of a receiver's deliveries that wait -> when each may be tried next (ms)."""
    return f"rr:due:{receiver}"


def sending(receiver: str) -> str:
    """Zset of a receiver's admitted deliveries: those that have a Celery message -> when it counts as lost (ms)."""
    return f"rr:sending:{receiver}"


def endpoint(endpoint_id: str) -> str:
    """Hash of a registered webhook endpoint."""
    return f"rr:endpoint:{endpoint_id}"


def endpoints_of(key_id: str) -> str:
    """Zset of an API key's endpoints, by when they were registered (µs)."""
    return f"rr:endpoints:{key_id}"


def signing(key_id: str) -> str:
    """Hash of the secret that signs what goes to a bare URL."""
    return f"rr:signing:{key_id}"


def delivery_id(job_id: str, number: int) -> str:
    """The id of the n-th delivery about a job: the same however often it is made."""
    return f"dlv_{job_id.removeprefix('job_')}_{number}"


def api_key(key_id: str) -> str:
    """Hash of an API key's record."""
    return f"rr:api_key:{key_id}"


def canary(queue: str) -> str:
    """When a canary last came out of a queue (ms)."""
    return f"rr:canary:{queue}"


def notify_channel(job_id: str) -> str:
    """Pub/sub channel that says "look again" about a job; it carries no content."""
    return f"rr:notify:{job_id}"


def job_id(session_id: str, number: int) -> str:
    """The id of a session's n-th job; a job id finds its session without a lookup."""
    return f"job_{session_id.removeprefix('sess_')}_{number}"


def number_of(job: str) -> int:
    """Which of its session's jobs this is, counted from 1."""
    return int(job.rpartition("_")[2])


def session_of(job: str) -> str | None:
    """The session id inside a well-formed job id, else None."""
    match = JOB_ID.fullmatch(job)
    return f"sess_{match[1]}" if match else None


def ledger(session_id: str, key_id: str, job: str) -> list[str]:
    """KEYS of every ledger script, in the order `lua/engine.lua` names them."""
    return [
        _job_key(job),
        session(session_id),
        line(session_id),
        history(session_id),
        events(job),
        open_jobs(key_id),
        ready(key_id, "m"),
        ready(key_id, "v"),
        running(key_id, "m"),
        running(key_id, "v"),
        DISPATCH,
        LEASES,
        DEADLINES,
        MESSAGES,
        VOICE,
        audio(job),
        speech(job),
        SESSIONS,
        sessions_of(key_id),
        jobs_of(key_id),
        durations("m"),
        durations("v"),
        webhook_event(job),
        OUTBOX,
        endpoints_of(key_id),
        DELIVERIES,
        usage(key_id),
        AUDIO_HELD,
    ]


_job_key = job
