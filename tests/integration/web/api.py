"""The real application on a real Valkey, asked through Flask's client; the test plays the worker."""

from __future__ import annotations

import io
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from werkzeug.test import TestResponse

from config import Settings
from store import keys
from store.crypto import Vault
from store.errands import Attempted, Errands
from store.hold import Hold
from store.ledger import Ledger
from web.app import create_app
from web.services import Services
from webhooks.addresses import IPAddress
from webhooks.guard import Guard

KEY, OTHER = "key-of-one-client", "key-of-another"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
EMERGENCY = "I have crushing chest pain and I cannot breathe"
CRISIS = "I want to kill myself"
HOOK = "https://93.184.216.34/hook"  # public, and no name: nothing is looked up
CITATION = {"id": "balance-03", "title": "Balance", "collection": "lessons", "score": 0.81, "quote": "Stand tall."}
USAGE = {"estimated": False, "audio_seconds": 0, "cost_usd": "0.000000", "model": "a-model"}
TOKENS = (12, 34)
PASSED = [{"name": "safety", "phase": "input", "verdict": "pass"}]


class Api:
    """One application with two clients' keys."""

    def __init__(self, settings: Settings, **changes: Any) -> None:
        self.settings = replace(settings, **{"api_keys": (KEY, OTHER), **changes})
        self.app = create_app(self.settings)
        self.services: Services = self.app.extensions["services"]
        self.redis: Any = self.services.redis
        self.ledger = Ledger(self.services.redis, Vault(self.settings.data_encryption_keys), self.settings)

    def request(self, method: str, path: str, *, key: str | None = KEY, **more: Any) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if key is not None:
            headers["X-API-Key"] = key
        return self.app.test_client().open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.request("DELETE", path, **more)

    def open_session(self, **more: Any) -> str:
        answer = self.post("/sessions", **more)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["session_id"])

    def say(self, session: str, text: str = "Is walking enough?", **more: Any) -> TestResponse:
        """POST a message; `json` adds fields to the body, everything else goes to the client."""
        body = {"text": text, **more.pop("json", {})}
        return self.post(f"/sessions/{session}/messages", json=body, **more)

    def record(self, session: str, *files: tuple[str, bytes, str, str], **more: Any) -> TestResponse:
        """POST recordings, each as (part, content, file name, declared type); `form` adds fields."""
        data: dict[str, Any] = {**more.pop("form", {})}
        for part, content, name, declared in files:
            data.setdefault(part, []).append((io.BytesIO(content), name, declared))
        path = f"/sessions/{session}/voice-chat"
        return self.post(path, data=data, content_type="multipart/form-data", **more)

    def register(self, url: str = HOOK, *, key: str = KEY, **more: Any) -> dict[str, Any]:
        """Register a webhook endpoint; the answer, with its secret."""
        answer = self.post("/webhook-endpoints", key=key, json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        endpoint: dict[str, Any] = answer.get_json()
        return endpoint

    def names_lead_to(self, *addresses: str) -> list[tuple[str, float]]:
        """Have all names lead there; answers with a list that grows: each name that was looked up, and its limit."""
        asked: list[tuple[str, float]] = []

        def resolve(host: str, seconds: float) -> list[IPAddress]:
            asked.append((host, seconds))
            return [ip_address(address) for address in addresses]

        self.services = replace(self.services, guard=Guard(self.settings.webhook_allow_http_hosts, resolve))
        self.app.extensions["services"] = self.services
        return asked

    def deliveries(self, job_id: str, **more: Any) -> list[dict[str, Any]]:
        """Be the worker that makes the deliveries of a job that ended, if they are not made yet; they as listed."""
        self.services.outbox.fan_out(job_id)
        listed: list[dict[str, Any]] = self.get(f"/jobs/{job_id}/deliveries", **more).get_json()["data"]
        return listed

    def attempt(self, delivery_id: str, answer: bytes = b"", *, status: int = 200, reason: str = "") -> None:
        """Be the worker that sends a delivery: it is delivered, or given up for a reason."""
        errands = Errands(self.redis, Vault(self.settings.data_encryption_keys), self.settings)
        errand = errands.claim(delivery_id)
        assert errand
        attempt = Attempted(at=1_790_000_000_123, status=status, latency_ms=17, error=None)
        assert (
            errands.give_up(errand, reason, attempt, answer) if reason else errands.delivered(errand, attempt, answer)
        )

    def claim(self, job_id: str) -> Hold:
        hold = self.ledger.claim(job_id)
        assert hold
        return hold

    def finish(self, job_id: str, text: str = "Walking is a good start.") -> None:
        """Be the worker: take the job and answer it."""
        self.commit(self.claim(job_id), text)

    def commit(self, hold: Hold, text: str, *, confirmation_needed: bool = False) -> None:
        hold.spent = TOKENS
        hold.commit(
            outcome="answered",
            output={"text": text, "citations": [CITATION]},
            coach={"mode": "coaching", "state": {"layer": "planning", "minutes_available": 10}},
            state={"layer": "planning"},
            said=hold.input.get("text", "what was said"),
            usage=USAGE,
            timings={"queued_ms": 3, "generating_ms": 840, "total_ms": 870},
            guardrails=PASSED,
            confirmation_needed=confirmation_needed,
        )

    def history(self, session: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.get(f"/sessions/{session}/messages").get_json()["data"]
        return messages

    def number_of_jobs(self, session: str) -> int:
        return int(self.redis.hget(keys.session(session), "n"))


def job_id_of(session: str, number: int = 1) -> str:
    return keys.job_id(session, number)
