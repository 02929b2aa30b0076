"""Bodies of jobs."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from store.job import Job
from web.paging import PageSchema, cursor_field
from web.schemas import CitationSchema, moment

STATUSES = ("queued", "in_progress", "cancelling", "completed", "failed", "cancelled", "expired")

OUTCOMES = ("answered", "declined", "escalated", "needs_confirmation", "no_speech")


class OutputSchema(Schema):
    """What the coach answered."""

    text = fields.String()
    audio_url = fields.String(allow_none=True)
    citations = fields.List(fields.Nested(CitationSchema))


class TranscriptSchema(Schema):
    """What was heard."""

    text = fields.String()
    language = fields.String(allow_none=True)
    confidence = fields.Float(allow_none=True, metadata={"description": "from 0 to 1"})
    duration_seconds = fields.Float(attribute="seconds", metadata={"description": "of the recording"})


class CoachSchema(Schema):
    """How the message was understood."""

    mode = fields.String(allow_none=True)
    state = fields.Dict()


class GuardrailSchema(Schema):
    """One check and what it decided."""

    name = fields.String()
    phase = fields.String()
    verdict = fields.String()
    score = fields.Float(allow_none=True, metadata={"description": "0 to 1, of checks that weigh; null = they do not"})


class TokensSchema(Schema):
    """Tokens of all attempts, also interrupted ones."""

    input_tokens = fields.Integer()
    output_tokens = fields.Integer()


class UsageSchema(TokensSchema):
    """What the job used; `cost_usd` is null until the job is over, and where a price is not known."""

    estimated = fields.Boolean(
        metadata={"description": "some tokens are estimated from the length: an interrupted call tells no count"}
    )
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
    """Receipt of a cancel: the stage that the job was in (null = queued), and what the model had cost by then."""

    requested_at = moment("when it was asked for")
    stage = fields.String(allow_none=True)
    tokens_billed = fields.Nested(TokensSchema)


class JobSchema(Schema):
    """A job."""

    id = fields.String()
    object = fields.Constant("job")
    type = fields.String(validate=validate.OneOf(["message", "voice"]))
    session_id = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    stage = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True, validate=validate.OneOf(OUTCOMES))
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
    confirmation_needed = fields.Boolean(
        metadata={"description": "it was not heard well: `POST /jobs/{id}/confirm` confirms or corrects it, once"}
    )
    confirms = fields.String(allow_none=True, metadata={"description": "the job that this one confirms or corrects"})
    confirmed_by = fields.String(allow_none=True, metadata={"description": "the job that confirmed or corrected this"})
    created_at = moment("when it was accepted")
    started_at = moment("when a worker first took it", nullable=True)
    completed_at = moment("when it ended", nullable=True)
    expires_at = moment("when it is removed together with its session")
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
