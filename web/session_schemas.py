"""Bodies of sessions and their history."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from store import keys
from web.metadata import check_metadata
from web.paging import PageSchema, cursor_field
from web.schemas import CitationSchema, moment


class OpenSessionSchema(Schema):
    """Body of `POST /sessions`; may be absent."""

    metadata = fields.Dict(keys=fields.String(), load_default=dict, validate=check_metadata)


class SessionSchema(Schema):
    """A session."""

    session_id = fields.String(attribute="id")
    created_at = moment("when it was opened")
    expires_at = moment("when it ends if it is not used")
    metadata = fields.Dict()


class SessionDetailSchema(SessionSchema):
    """A session with what it holds by now."""

    state = fields.Dict(allow_none=True, metadata={"description": "what the coach has understood; null = nothing yet"})
    message_count = fields.Integer()


class SessionListQuery(PageSchema):
    """Query of `GET /sessions`."""

    cursor = cursor_field(f"[0-9]{{1,15}}:{keys.SESSION_ID.pattern}")


class SessionListSchema(Schema):
    """A page of sessions, newest first."""

    data = fields.List(fields.Nested(SessionSchema))
    next_cursor = fields.String(allow_none=True)


class HistoryMessageSchema(Schema):
    """One side of a turn."""

    role = fields.String(validate=validate.OneOf(["user", "assistant"]))
    text = fields.String()
    at = moment("when it was written")
    job_id = fields.String()
    citations = fields.List(fields.Nested(CitationSchema))


class HistoryQuery(PageSchema):
    """Query of `GET /sessions/{id}/messages`."""

    cursor = cursor_field(f"{keys.JOB_ID.pattern}:(user|assistant)")


class HistorySchema(Schema):
    """The conversation, oldest first."""

    data = fields.List(fields.Nested(HistoryMessageSchema))
    next_cursor = fields.String(allow_none=True)
