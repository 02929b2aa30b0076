"""`POST /v1/chat/completions`, whole or as a stream of server-sent events.

Sampling parameters and token limits are accepted and change nothing: the answer is short and always the same.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response

from offline.errors import ApiError, invalid
from offline.extractive import Turn, answer
from offline.fields import Fields, checked_text
from offline.minilm import MiniLM
from offline.models import CHAT
from offline.passages import unmarked

MAX_CHARACTERS = 600_000  # of all messages together, about what 128,000 tokens hold
_SYSTEM_ROLES = {"system", "developer"}
_ROLES = {"user", "assistant"} | _SYSTEM_ROLES
_UNSUPPORTED = ("tools", "functions", "audio", "logprobs", "response_format")
_PIECES = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Prompt:
    """A chat request: the system text, what was said before, and the message to answer, `foreign` if not English."""

    system: str
    history: list[Turn]
    said: str
    foreign: bool


def blueprint(minilm: MiniLM) -> Blueprint:
    """The route; `minilm` chooses the quotes and counts the tokens."""
    routes = Blueprint("chat", __name__)

    @routes.post("/v1/chat/completions")
    def create() -> Response | dict[str, Any]:
        fields = Fields.of_json()
        fields.model(CHAT)
        fields.refuse(_UNSUPPORTED)
        fields.number("n", 1, 1, default=1)
        stream, with_usage = fields.flag("stream"), fields.nested("stream_options").flag("include_usage")
        prompt = _prompt(fields.values.get("messages"))
        text = answer(minilm, prompt.system, prompt.history, prompt.said, foreign=prompt.foreign)

        read = minilm.count([prompt.system, *(turn.text for turn in prompt.history), prompt.said])
        written = minilm.count([text])
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": CHAT}
        if stream:
            events = _events(head, text, usage if with_usage else None)
            return Response(events, mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return head | {"object": "chat.completion", "choices": [choice], "usage": usage}

    return routes


def _events(head: dict[str, Any], text: str, usage: dict[str, int] | None) -> Iterator[str]:
    """A chunk for the role, one a word, one for the end, one for the usage if asked, and `[DONE]`."""
    head = head | {"object": "chat.completion.chunk"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": piece}, None) for piece in _PIECES.findall(text)]
    deltas.append(({}, "stop"))
    for delta, finish in deltas:
        yield _event(head | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})
    if usage:
        yield _event(head | {"choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk)}\n\n"


def _prompt(messages: object) -> Prompt:
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "'messages' must be a list with at least one message.")
    system, turns, size, foreign = [], list[Turn](), 0, False
    for index, message in enumerate(messages):
        role, text = _role_and_text(message, f"messages[{index}]")
        size += len(text)
        if role in _SYSTEM_ROLES:
            system.append(text)
        elif role == "user":
            words, foreign = unmarked(text)
            turns.append(Turn(role, words))
        else:
            turns.append(Turn(role, text))
    if size > MAX_CHARACTERS:
        message = f"The messages have {size} characters; at most {MAX_CHARACTERS} are accepted. Shorten the history."
        raise ApiError(message, param="messages", code="context_length_exceeded")
    if not turns or turns[-1].role != "user":
        raise invalid("messages", "The last message must have the role 'user'.")
    return Prompt("\n\n".join(system), turns[:-1], turns[-1].text, foreign)


def _role_and_text(message: object, param: str) -> tuple[str, str]:
    if not isinstance(message, dict):
        raise invalid(param, f"'{param}' must be an object with 'role' and 'content'.", "invalid_type")
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        raise invalid(f"{param}.role", f"'{param}.role' must be one of {', '.join(sorted(_ROLES))}.")
    where = f"{param}.content"
    if not isinstance(content, list):
        return role, checked_text(content, where)
    parts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content]
    if not parts or None in parts:
        raise invalid(where, f"'{where}' must be a string, or a list of parts of the type 'text'.")
    return role, "\n".join(checked_text(part, where) for part in parts)
