"""What bodies of several kinds hold. OpenAPI is generated from the schemas, so they are the documentation too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate


class Moment(fields.Field[Any]):
    """Milliseconds since the epoch, shown as RFC 3339 UTC."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(description: str, *, nullable: bool = False) -> Moment:
    """A `Moment` with its documentation."""
    shape = {"type": "string", "format": "date-time", "description": description}
    return Moment(allow_none=nullable, metadata=shape)


class StatusSchema(Schema):
    """What a probe says."""

    status = fields.String(validate=validate.OneOf(["ok", "unavailable"]))


class HealthSchema(Schema):
    """Each check with `ok`; the queues with the age of their last canary and how much waits in them."""

    status = fields.String(validate=validate.OneOf(["ok", "degraded"]))
    checks = fields.Dict(keys=fields.String(), values=fields.Dict())


class CitationSchema(Schema):
    """A passage that the reply used; `quote` stands in it word for word."""

    id = fields.String()
    title = fields.String()
    collection = fields.String()
    score = fields.Float()
    quote = fields.String()


class ErasedSchema(Schema):
    """Receipt of an erasure: how many of each were removed."""

    message = fields.String()
    erased = fields.Dict(keys=fields.String(), values=fields.Integer())
