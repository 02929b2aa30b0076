"""Deliveries in the hands of a worker: what is to be sent where, and what became of it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from config import Settings
from store import delivery_scripts, keys
from store.api_keys import ApiKeys
from store.crypto import SealError, SessionCipher, Vault
from store.delivery_scripts import NOBODY
from store.redis_commands import Redis
from store.scripts import Scripts
from store.sessions import Sessions
from store.webhook_endpoints import Endpoint, Endpoints

_TEXTS = ("key_id", "job_id", "session_id", "type", "job_status", "outcome", "endpoint_id", "following")


@dataclass(frozen=True)
class Errand:
    """A delivery in the hands of one worker. `url` is None where there is nobody to send it to; `nowhere` says why."""

    id: str
    key_id: str
    job_id: str  # empty for a sample event
    session_id: str
    type: str
    status: str
    outcome: str | None
    at: int
    url: str | None
    nowhere: str
    endpoint: Endpoint | None
    failures: int  # of the current schedule
    receiver: str
    following: str
    fence: int


@dataclass(frozen=True)
class Attempted:
    """What came of a request: a status, or an error code; `at` in milliseconds since the epoch."""

    at: int
    status: int | None
    latency_ms: int
    error: str | None


def answer_cipher(sessions: Sessions, vault: Vault, session_id: str | None) -> SessionCipher | Vault | None:
    """What seals a receiver's answer: the session's key, so that it dies with the session. A sample has no session."""
    if not session_id:
        return vault
    session = sessions.get(session_id)
    return session.cipher if session else None


class Errands:
    """Every method is one script; what it does is described in `lua/`."""

    def __init__(self, redis: Redis, vault: Vault, settings: Settings) -> None:
        self._redis = redis
        self._vault = vault
        self._settings = settings
        self._scripts = Scripts(redis)
        self._api_keys = ApiKeys(redis)
        self._endpoints = Endpoints(redis, vault)
        self._sessions = Sessions(redis, vault, settings)

    def claim(self, delivery_id: str) -> Errand | None:
        """The lease on a delivery whose message arrived; None: it is over, erased, held elsewhere, or not its turn."""
        receiver = self._redis.hget(keys.delivery(delivery_id), "receiver")
        if receiver is None:
            return None
        more = {"delivery": delivery_id, "receiver": receiver.decode(), "claim": secrets.token_hex(8)}
        answer = self._run("claim_delivery", delivery_id, receiver.decode(), [], more)
        stored = self._redis.hgetall(keys.delivery(delivery_id))
        if answer[0] != b"ok" or not stored:
            return None
        fields = {name: stored[name.encode()].decode() for name in _TEXTS}
        endpoint, url, nowhere = None, None, "endpoint_disabled"
        try:
            if self._api_keys.ended(fields["key_id"]):
                nowhere = "key_revoked"
            elif fields["endpoint_id"]:
                endpoint = self._endpoints.get(fields["endpoint_id"], fields["key_id"])
                url = endpoint.url if endpoint and (endpoint.enabled or not fields["job_id"]) else None
            else:
                url, nowhere = self._own_url(delivery_id, fields["job_id"], stored.get(b"url")), "session_ended"
        except SealError:
            nowhere = "unreadable"
        return Errand(
            id=delivery_id,
            key_id=fields["key_id"],
            job_id=fields["job_id"],
            session_id=fields["session_id"],
            type=fields["type"],
            status=fields["job_status"],
            outcome=fields["outcome"] or None,
            at=int(stored[b"at"]),
            url=url,
            nowhere=nowhere,
            endpoint=endpoint,
            failures=int(stored[b"failures"]),
            receiver=receiver.decode(),
            following=fields["following"],
            fence=int(answer[1]),
        )

    def _own_url(self, delivery_id: str, job_id: str, sealed: bytes | None) -> str | None:
        """Where a job's own webhook goes: a delivery keeps it until that ends, the job while its session lives."""
        if sealed:
            return self._vault.open(f"{delivery_id}|url", sealed).decode()
        webhook = self._redis.hget(keys.job(job_id), "webhook")
        if not webhook:
            return None
        url: str = json.loads(self._vault.open(delivery_scripts.webhook_place(job_id), webhook))["url"]
        return url

    def retry(self, errand: Errand, attempt: Attempted, answer: bytes, *, delay_ms: int) -> bool:
        """Note a failed attempt and try again later; False if the delivery is no longer ours."""
        return self._settle(errand, "pending", attempt, answer, delay_ms=delay_ms)

    def postpone(self, errand: Errand, *, delay_ms: int) -> bool:
        """Put it off without an attempt; False if the delivery is no longer ours."""
        return self._settle(errand, "pending", None, b"", delay_ms=delay_ms)

    def delivered(self, errand: Errand, attempt: Attempted, answer: bytes) -> bool:
        """Note that the receiver took it; False if the delivery is no longer ours."""
        return self._settle(errand, "delivered", attempt, answer)

    def give_up(self, errand: Errand, reason: str, attempt: Attempted | None = None, answer: bytes = b"") -> bool:
        """End a delivery that failed: `gone` (410), `exhausted`, or the errand's `nowhere` (nothing was sent then)."""
        return self._settle(errand, "failed", attempt, answer, reason=reason, gone=int(reason == "gone"))

    def _settle(
        self,
        errand: Errand,
        result: str,
        attempt: Attempted | None,
        answer: bytes,
        *,
        delay_ms: int = 0,
        reason: str = "",
        gone: int = 0,
    ) -> bool:
        more = {
            "delivery": errand.id,
            "receiver": errand.receiver,
            "fence": errand.fence,
            "following": errand.following,
            "result": result,
            "reason": reason,
            "delay_ms": delay_ms,
            "gone": gone,
        }
        others = [keys.endpoint(errand.endpoint.id if errand.endpoint else NOBODY), keys.delivery(errand.following)]
        cipher = answer_cipher(self._sessions, self._vault, errand.session_id)
        sealed = cipher.seal(delivery_scripts.answer_place(errand.id), answer) if cipher and answer else b""
        noted = json.dumps(asdict(attempt)) if attempt else ""
        word = self._run("settle_delivery", errand.id, errand.receiver, others, more, noted, sealed)
        return bool(word == b"ok")

    def _run(
        self, name: str, delivery_id: str, receiver: str, others: list[str], more: dict[str, Any], *sealed: str | bytes
    ) -> Any:
        text = delivery_scripts.arguments(self._settings, **more)
        return self._scripts.run(name, [*delivery_scripts.keys_of(delivery_id, receiver), *others], [text, *sealed])
