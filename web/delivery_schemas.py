"""Bodies of webhook deliveries."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from store.deliveries import STATUSES
from store.webhook_endpoints import EVENTS
from web.paging import PageSchema, cursor_field
from web.schemas import moment


class AttemptSchema(Schema):
    """One request to the receiver."""

    at = moment("when it was sent")
    status = fields.Integer(allow_none=True, metadata={"description": "of the answer; null = none came"})
    latency_ms = fields.Integer()
    error = fields.String(allow_none=True, metadata={"description": "why no complete answer came"})
    answer = fields.String(allow_none=True, metadata={"description": "the first 1 kB of the body"})


class DeliverySchema(Schema):
    """An event on its way to one receiver, or at its end."""

    id = fields.String(metadata={"description": "the receiver sees it as `webhook-id`, the same in every attempt"})
    job_id = fields.String(allow_none=True, metadata={"description": "null = a sample event"})
    session_id = fields.String(allow_none=True)
    type = fields.String(validate=validate.OneOf(EVENTS))
    endpoint_id = fields.String(allow_none=True, metadata={"description": "null = to the URL that the job named"})
    status = fields.String(validate=validate.OneOf(STATUSES))
    reason = fields.String(
        allow_none=True,
        metadata={
            "description": "why it was given up: `gone` (answered 410), `exhausted` (no attempt succeeded), "
            "`endpoint_disabled` (or deleted), `key_revoked`, `session_ended` (replayed when the job's URL was "
            "forgotten)"
        },
    )
    created_at = moment("when the event was made")
    next_attempt_at = moment("when it is tried next", nullable=True)
    ended_at = moment("when it was delivered or given up", nullable=True)
    attempts = fields.List(fields.Nested(AttemptSchema))


class DeliveryListQuery(PageSchema):
    """Query of `GET /deliveries`."""

    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    cursor = cursor_field("[0-9]{1,20}")


class DeliveryListSchema(Schema):
    """A page of deliveries."""

    data = fields.List(fields.Nested(DeliverySchema))
    next_cursor = fields.String(allow_none=True)
