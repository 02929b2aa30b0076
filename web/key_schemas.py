"""API keys as requests and answers have them."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import Schema, ValidationError, fields, validate

from store.api_keys import JOBS, OVERLAP_SECONDS, SCOPES
from web.paging import PageSchema, cursor_field
from web.schemas import moment

LONGEST_NAME = 100
LONGEST_OVERLAP_SECONDS = 7 * 24 * 3600


def _in_future(value: datetime) -> None:
    if value <= datetime.now(UTC):
        raise ValidationError("Must be in the future.")


class NewKeySchema(Schema):
    """What `POST /keys` takes."""

    name = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_NAME),
        metadata={"description": "for you to know it by; not the name of a person"},
    )
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        load_default=lambda: [JOBS],
        validate=validate.Length(1, len(SCOPES)),
    )
    expires_at = fields.AwareDateTime(
        load_default=None, allow_none=True, default_timezone=UTC, format="iso", validate=_in_future
    )


class RotateSchema(Schema):
    """What `POST /keys/{id}/rotate` takes."""

    overlap_seconds = fields.Integer(
        load_default=OVERLAP_SECONDS,
        strict=True,
        validate=validate.Range(0, LONGEST_OVERLAP_SECONDS),
        metadata={"description": "for so long the old secret is good too"},
    )


class KeySchema(Schema):
    """A key, without its secret."""

    id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = moment("when it was made")
    last_used_at = moment("to the minute", nullable=True)
    expires_at = moment("null: never", nullable=True)


class NewSecretKeySchema(Schema):
    """A key with its secret, shown this once."""

    id = fields.String()
    key = fields.String(metadata={"description": "to be sent as X-API-Key; shown this once"})
    name = fields.String()
    scopes = fields.List(fields.String())
    expires_at = moment("null: never", nullable=True)


class RotatedKeySchema(NewSecretKeySchema):
    """A key with its new secret."""

    old_key_expires_at = moment("the old secret is good until then")


class KeyListQuery(PageSchema):
    """Which page."""

    cursor = cursor_field(r"[0-9]{15}:key_[0-9a-f]{16}")


class KeyListSchema(Schema):
    """A page of keys."""

    data = fields.List(fields.Nested(KeySchema))
    next_cursor = fields.String(allow_none=True)


class RevokedSchema(Schema):
    """Receipt of a revocation."""

    message = fields.String()
    cancelled_jobs = fields.Integer(metadata={"description": "jobs that were waiting or running, and were cancelled"})
