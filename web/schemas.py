"""Request and response bodies. OpenAPI is generated from these, so they are the documentation too."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates
from werkzeug.datastructures import FileStorage

from store import keys
from store.jobs import Job
from web.paging import PageSchema, cursor_field

ON_BUSY = ("enqueue", "reject", "cancel_previous")
STATUSES = ("queued", "in_progress", "cancelling", "completed", "failed", "cancelled", "expired")
_METADATA_BYTES = 4096
_METADATA_LEVELS = 20


class Moment(fields.Field[Any]):
    """Milliseconds since the epoch, shown as RFC 3339 UTC."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(description: str, *, nullable: bool = False) -> Moment:
    shape = {"type": "string", "format": "date-time", "description": description}
    return Moment(allow_none=nullable, metadata=shape)


def check_metadata(value: dict[str, Any]) -> None:
    """Metadata is kept with the job and given back as it is; it is not a place for documents."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair: Python reads them, nobody else does
        raise ValidationError("Metadata must be JSON in UTF-8.") from error
    if size > _METADATA_BYTES:
        raise ValidationError(f"Metadata may take up to {_METADATA_BYTES} bytes as JSON.")
    layer: list[Any] = [value]
    for _ in range(_METADATA_LEVELS):
        layer = [inner for outer in layer for inner in (outer.values() if isinstance(outer, dict) else outer)]
        layer = [inner for inner in layer if isinstance(inner, dict | list)]
    if layer:
        raise ValidationError(f"Metadata may be nested up to {_METADATA_LEVELS} levels.")


class StatusSchema(Schema):
    """What a probe says."""

    status = fields.String(validate=validate.OneOf(["ok", "unavailable"]))


class HealthSchema(Schema):
    """Each check with `ok`; the queues with the age of their last canary and how much waits in them."""

    status = fields.String(validate=validate.OneOf(["ok", "degraded"]))
    checks = fields.Dict(keys=fields.String(), values=fields.Dict())


class OpenSessionSchema(Schema):
    """Body of `POST /sessions`; may be absent."""

    metadata = fields.Dict(keys=fields.String(), load_default=dict, validate=check_metadata)


class SessionSchema(Schema):
    """A session."""

    session_id = fields.String(attribute="id")
    created_at = _moment("when it was opened")
    expires_at = _moment("when it ends if it is not used")
    metadata = fields.Dict()


class ErasedSchema(Schema):
    """Receipt of an erasure: how many of each were removed."""

    message = fields.String()
    erased = fields.Dict(keys=fields.String(), values=fields.Integer())


class MessageSchema(Schema):
    """Body of `POST /sessions/{id}/messages`."""

    text = fields.String(
        required=True, metadata={"description": "what the person says", "example": "Is walking enough?"}
    )
    metadata = fields.Dict(keys=fields.String(), load_default=dict, validate=check_metadata)
    on_busy = fields.String(load_default="enqueue", validate=validate.OneOf(ON_BUSY))
    speak = fields.Boolean(load_default=False, metadata={"description": "also make a spoken reply"})

    @validates("text")
    def _not_blank(self, value: str, **_: Any) -> None:
        if not value.strip():
            raise ValidationError("The message is empty.")
        if value != value.encode(errors="replace").decode():
            raise ValidationError("The message holds half a character (an unpaired surrogate).")


class MetadataText(fields.Field[Any]):
    """Metadata inside a form: an object as JSON text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError("Metadata must be a JSON object.") from error
        if not isinstance(parsed, dict):
            raise ValidationError("Metadata must be a JSON object.")
        check_metadata(parsed)
        return parsed


def _check_file(value: Any) -> None:
    if not isinstance(value, FileStorage):
        raise ValidationError("Send the recording as a file.")


class VoiceSchema(Schema):
    """Body of `POST /sessions/{id}/voice-chat`: the recording, and form fields beside it."""

    audio = fields.Raw(required=True, validate=_check_file, metadata={"type": "string", "format": "binary"})
    metadata = MetadataText(load_default=dict, metadata={"type": "string", "description": "a JSON object"})
    on_busy = fields.String(load_default="enqueue", validate=validate.OneOf(ON_BUSY))
    speak = fields.Boolean(load_default=False)


class CitationSchema(Schema):
    """A passage that the reply used; `quote` stands in it word for word."""

    id = fields.String()
    title = fields.String()
    collection = fields.String()
    score = fields.Float()
    quote = fields.String()


class HistoryMessageSchema(Schema):
    """One side of a turn."""

    role = fields.String(validate=validate.OneOf(["user", "assistant"]))
    text = fields.String()
    at = _moment("when it was written")
    job_id = fields.String()
    citations = fields.List(fields.Nested(CitationSchema))


class HistoryQuery(PageSchema):
    """Query of `GET /sessions/{id}/messages`."""

    cursor = cursor_field(f"{keys.JOB_ID.pattern}:(user|assistant)")


class HistorySchema(Schema):
    """The conversation, oldest first."""

    data = fields.List(fields.Nested(HistoryMessageSchema))
    next_cursor = fields.String(allow_none=True)


class OutputSchema(Schema):
    """What the coach answered."""

    text = fields.String()
    audio_url = fields.String(allow_none=True)
    citations = fields.List(fields.Nested(CitationSchema))


class TranscriptSchema(Schema):
    """What was heard."""

    text = fields.String()
    language = fields.String(allow_none=True)
    confidence = fields.Float(allow_none=True)


class CoachSchema(Schema):
    """How the message was understood."""

    mode = fields.String(allow_none=True)
    state = fields.Dict()


class GuardrailSchema(Schema):
    """One check and what it decided."""

    name = fields.String()
    phase = fields.String()
    verdict = fields.String()


class UsageSchema(Schema):
    """What the job used; `cost_usd` is null where no price is known."""

    input_tokens = fields.Integer()
    output_tokens = fields.Integer()
    audio_seconds = fields.Float()
    cost_usd = fields.String(allow_none=True)
    model = fields.String(allow_none=True)


class JobErrorSchema(Schema):
    """Why there is no answer."""

    code = fields.String()
    message = fields.String()
    retryable = fields.Boolean()


class UrlsSchema(Schema):
    """Where to go on."""

    self = fields.String()
    cancel = fields.String()
    events = fields.String()


class CancelSchema(Schema):
    """Receipt of a cancel: when it was asked for, and the stage that the job was in (null = it was queued)."""

    requested_at = _moment("when it was asked for")
    stage = fields.String(allow_none=True)


class JobSchema(Schema):
    """A job."""

    id = fields.String()
    object = fields.Constant("job")
    type = fields.String(validate=validate.OneOf(["message", "voice"]))
    session_id = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    stage = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    attempts = fields.Integer()
    model_calls = fields.Integer(metadata={"description": "calls of a model, also those of interrupted attempts"})
    queue_position = fields.Integer(allow_none=True, metadata={"description": "how many jobs go first"})
    eta_seconds = fields.Float(allow_none=True, metadata={"description": "from recent jobs; null = not known"})
    output = fields.Nested(OutputSchema, allow_none=True)
    transcript = fields.Nested(TranscriptSchema, allow_none=True)
    coach = fields.Nested(CoachSchema, allow_none=True)
    guardrails = fields.List(fields.Nested(GuardrailSchema))
    usage = fields.Nested(UsageSchema, allow_none=True)
    timings = fields.Dict(keys=fields.String(), values=fields.Integer())
    error = fields.Nested(JobErrorSchema, allow_none=True)
    cancel = fields.Nested(CancelSchema, allow_none=True)
    metadata = fields.Dict()
    created_at = _moment("when it was accepted")
    started_at = _moment("when a worker first took it", nullable=True)
    completed_at = _moment("when it ended", nullable=True)
    expires_at = _moment("when it is removed together with its session")
    urls = fields.Nested(UrlsSchema)


class JobListQuery(PageSchema):
    """Query of `GET /jobs`."""

    session_id = fields.String(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    cursor = cursor_field("[0-9]{1,20}")


class JobListSchema(Schema):
    """A page of jobs, newest first."""

    data = fields.List(fields.Nested(JobSchema))
    next_cursor = fields.String(allow_none=True)


def job_body(job: Job, *, has_speech: bool) -> dict[str, Any]:
    """A job as JSON."""
    output = {**job.output, "audio_url": f"/jobs/{job.id}/audio" if has_speech else None} if job.output else None
    here = f"/jobs/{job.id}"
    urls = {"self": here, "cancel": f"{here}/cancel", "events": f"{here}/events"}
    dumped: dict[str, Any] = JobSchema().dump({**vars(job), "output": output, "urls": urls})
    return dumped
