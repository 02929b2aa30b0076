"""What is handed in for a job to be made of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any


class SubmitRefused(Exception):
    """The ledger did not accept a job; `reason` is a word of `lua/submit.lua`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LimitsReached(SubmitRefused):
    """The API key has no room for another job: each limit that is reached, and in how many seconds the UTC day ends."""

    def __init__(self, policies: list[str], day_ends: int) -> None:
        super().__init__("limits")
        self.policies = policies
        self.day_ends = day_ends


@dataclass(frozen=True)
class Submission:
    """A validated request for a job. `deadline_ms` counts from acceptance.

    `confirms` is the id of the job that this one confirms or corrects, of the same session.
    `webhook`, if any, is `{"url": …}` or `{"endpoint_id": …}`: who hears of its end, beside the registered endpoints.
    """

    type: str
    input: dict[str, Any]
    deadline_ms: int
    request_id: str
    audio: bytes = b""
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook: dict[str, str] | None = None
    speak: bool = False
    audio_format: str = "mp3"
    on_busy: str = "enqueue"
    idempotency_key: str = ""
    confirms: str = ""

    def content(self) -> bytes:
        """What makes two submissions the same, for idempotency."""
        fields = [
            self.type,
            self.input,
            self.metadata,
            self.webhook,
            self.speak,
            self.audio_format,
            self.on_busy,
            self.confirms,
            hashlib.sha256(self.audio).hexdigest(),
        ]
        return json.dumps(fields, sort_keys=True).encode()


@dataclass(frozen=True)
class Settled:
    """An answer that needs no worker: the job is completed as it is accepted."""

    outcome: str
    reply: str
    guardrails: list[dict[str, str]]
