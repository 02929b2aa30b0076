"""Messages and recordings: parse, create, enqueue, 202."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, current_app, g, request
from flask_smorest import Blueprint
from marshmallow import EXCLUDE, ValidationError

from config import Settings
from store.sessions import Session
from store.submission import Settled, Submission
from web.bodies import BodyParser
from web.errors import PROBLEM, ApiError
from web.first_aid import escalates
from web.headers import CANCEL_AFTER, IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_LENGTH, KEY_OR_TOKEN, PREFER, WAIT
from web.job_schemas import JobSchema
from web.jobs import job_response, wait_seconds
from web.limits import limited
from web.message_schemas import MessageSchema, VoiceSchema
from web.services import own_session, services
from web.uploads import read_audio
from web.webhook_targets import check_webhook, fine_at_sight

blueprint = Blueprint("messages", __name__, description="Say something, in writing or aloud")
blueprint.ARGUMENTS_PARSER = BodyParser()

_HEADERS = [IDEMPOTENCY_KEY, PREFER, CANCEL_AFTER, WAIT]
_CANCEL_AFTER = re.compile(r"([1-9][0-9]{0,5})s?")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _escalate(session_id: str) -> Response:
    """Answer a message that reads like an emergency at once, whatever else is wrong with the request or the queue."""
    session, webhook = own_session(session_id), _readable("webhook")
    return settle(
        session,
        metadata=_readable("metadata") or {},
        webhook=webhook if webhook and not g.token and fine_at_sight(webhook) else None,
    )


def settle(
    session: Session, *, metadata: dict[str, Any], webhook: dict[str, str] | None, confirms: str = ""
) -> Response:
    """Answer what `first_aid` found to read like an emergency with the help text, as a job that is over."""
    settled = Settled("escalated", g.safety["text"], [{"name": "safety", "phase": "input", "verdict": "block"}])
    submission = Submission(
        type="message",
        input={"text": g.grave_text[: _settings().max_message_length]},
        deadline_ms=0,  # it is over as it is accepted
        request_id=g.request_id,
        metadata=metadata,
        webhook=webhook,
        idempotency_key=request.headers.get("Idempotency-Key", ""),
        confirms=confirms,
    )
    job_id, replayed = services().jobs.submit(session, submission, settled)
    return job_response(job_id, created=False, replayed=replayed)


def _readable(field: str) -> dict[str, Any] | None:
    """A field of the body, if it is as expected, whatever is wrong with the others."""
    body = request.get_json(force=True, silent=True) or {}
    try:
        found: dict[str, Any] | None = MessageSchema(only=(field,)).load(body, unknown=EXCLUDE).get(field)
    except ValidationError:
        return None
    return found


@blueprint.route("/sessions/<session_id>/messages", methods=["POST"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(202, JobSchema)
@blueprint.alt_response(200, schema=JobSchema, description="Finished (Prefer: wait), or an emergency answered at once")
@blueprint.alt_response(404, description="No such session", **PROBLEM)
@blueprint.alt_response(409, description="The session is ending or busy", **PROBLEM)
@blueprint.alt_response(429, description="Too many messages", **PROBLEM)
@blueprint.doc(parameters=_HEADERS)
@escalates(_escalate)
@limited("RATE_LIMIT_MESSAGES_PER_HOUR")
@blueprint.arguments(MessageSchema)
def post_message(body: dict[str, Any], session_id: str) -> Response:
    """Send a message; answers with a job. `Prefer: wait=N` waits up to N seconds for its end."""
    check_length(body["text"])
    session, wait = own_session(session_id), wait_seconds()
    submission = _submission("message", {"text": body["text"]}, body)
    return _accept(session, submission, "json", wait)


@blueprint.route("/sessions/<session_id>/voice-chat", methods=["POST"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(202, JobSchema)
@blueprint.alt_response(200, schema=JobSchema, description="Finished (Prefer: wait)")
@blueprint.alt_response(404, description="No such session", **PROBLEM)
@blueprint.alt_response(409, description="The session is ending or busy", **PROBLEM)
@blueprint.alt_response(413, description="Recording too large", **PROBLEM)
@blueprint.alt_response(415, description="Not audio", **PROBLEM)
@blueprint.alt_response(429, description="Too many recordings", **PROBLEM)
@blueprint.doc(parameters=_HEADERS)
@limited("RATE_LIMIT_VOICE_PER_HOUR")
@blueprint.arguments(VoiceSchema, location="files")
def post_recording(body: dict[str, Any], session_id: str) -> Response:
    """Send a recording of speech (WAV, WebM, MP3, M4A, AAC, FLAC, Ogg or Opus); answers with a job."""
    session, wait = own_session(session_id), wait_seconds()
    audio = read_audio(body["audio"], _settings().max_audio_size_mb)
    submission = _submission("voice", {}, body, audio)
    return _accept(session, submission, "files", wait)


def check_length(text: str) -> None:
    """Refuse a text that is longer than `MAX_MESSAGE_LENGTH`."""
    longest = _settings().max_message_length
    if len(text) > longest:
        errors = {"json": {"text": [f"Longer than maximum length {longest}."]}}
        raise ApiError(
            422, "invalid_request", f"The message is too long. Maximum: {longest} characters.", errors=errors
        )


def _accept(session: Session, submission: Submission, location: str, wait: float) -> Response:
    if g.token and submission.webhook:
        raise ApiError(403, "missing_scope", "A session token cannot name a webhook. This needs an API key.")
    if not services().jobs.known(session, submission):  # what was accepted once is not checked again
        check_webhook(submission.webhook, location)
    job_id, replayed = services().jobs.submit(session, submission)
    return job_response(job_id, created=True, replayed=replayed, wait=wait)


def _submission(kind: str, said: dict[str, Any], options: dict[str, Any], audio: bytes = b"") -> Submission:
    return Submission(
        type=kind,
        input=said,
        deadline_ms=deadline_seconds() * 1000,
        request_id=g.request_id,
        audio=audio,
        metadata=options.get("metadata", {}),
        webhook=options.get("webhook"),
        speak=options.get("speak", False),
        audio_format=options.get("audio_format", "mp3"),
        on_busy=options.get("on_busy", "enqueue"),
        idempotency_key=idempotency_key(),
    )


def idempotency_key() -> str:
    """The request's `Idempotency-Key`, or an empty one."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > IDEMPOTENCY_KEY_LENGTH:
        detail = f"An Idempotency-Key may have up to {IDEMPOTENCY_KEY_LENGTH} characters."
        raise ApiError(422, "invalid_idempotency_key", detail)
    return key


def deadline_seconds() -> int:
    """`Cancel-After: 90s`, within the service's own limit."""
    longest = _settings().job_deadline_seconds
    given = request.headers.get("Cancel-After", "")
    if not given:
        return longest
    match = _CANCEL_AFTER.fullmatch(given.strip())
    if not match:
        raise ApiError(422, "invalid_cancel_after", "Cancel-After must be a number of seconds such as 90s.")
    return min(int(match[1]), longest)
