"""Bodies of webhook endpoints, their secrets, and what a job says about its own webhook."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates, validates_schema

from store import keys
from store.webhook_endpoints import EVENTS
from web.paging import PageSchema, cursor_field
from web.schemas import moment

_URL = {"description": "https on port 443 of a public host", "example": "https://example.com/hook"}
_LONGEST_DESCRIPTION = 200


class _OptionsSchema(Schema):
    """What may be said about an endpoint beside its URL."""

    events = fields.List(
        fields.String(validate=validate.OneOf(EVENTS)),
        validate=validate.Length(min=1),
        metadata={"description": "which to send; all, unless a new endpoint says otherwise"},
    )
    include_output = fields.Boolean(metadata={"description": "also send what the coach answered; off at first"})
    description = fields.String(validate=validate.Length(max=_LONGEST_DESCRIPTION))

    @validates("description")
    def _whole_characters(self, value: str, **_: Any) -> None:
        if value != value.encode(errors="replace").decode():
            raise ValidationError("The description holds half a character (an unpaired surrogate).")

    @post_load
    def _each_event_once(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "events" in body:
            body["events"] = [event for event in EVENTS if event in body["events"]]
        return body


class NewEndpointSchema(_OptionsSchema):
    """Body of `POST /webhook-endpoints`."""

    url = fields.String(required=True, metadata=_URL)


class EndpointChangesSchema(_OptionsSchema):
    """Body of `PATCH /webhook-endpoints/{id}`: what is to be different."""

    url = fields.String(metadata=_URL)
    enabled = fields.Boolean(metadata={"description": "true gives it a clean slate: earlier failures do not count"})


class EndpointSchema(Schema):
    """A registered receiver of webhooks."""

    id = fields.String()
    url = fields.String()
    description = fields.String()
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)))
    include_output = fields.Boolean()
    enabled = fields.Boolean()
    disabled_reason = fields.String(
        allow_none=True,
        metadata={"description": "`gone` (it answered 410), `failing` (for days), or null: nobody but you disabled it"},
    )
    created_at = moment("when it was registered")


class EndpointListQuery(PageSchema):
    """Query of `GET /webhook-endpoints`."""

    cursor = cursor_field(f"[0-9]{{1,15}}:{keys.ENDPOINT_ID.pattern}")


class EndpointListSchema(Schema):
    """A page of endpoints, oldest first."""

    data = fields.List(fields.Nested(EndpointSchema))
    next_cursor = fields.String(allow_none=True)


class SecretSchema(Schema):
    """A signing secret as the Standard Webhooks libraries take it."""

    secret = fields.String(metadata={"description": "`whsec_` and base64"})


class NewSecretSchema(SecretSchema):
    """A fresh secret, and until when its predecessor signs too: by then every receiver should know the new one."""

    old_secret_expires_at = moment("until when each webhook is also signed with the secret before")


class CreatedEndpointSchema(SecretSchema, EndpointSchema):
    """A new endpoint; its secret is shown this once."""


class RotatedEndpointSchema(NewSecretSchema, EndpointSchema):
    """An endpoint with its new secret, which is shown this once."""


class JobWebhookSchema(Schema):
    """Who else hears of a job's end: a URL (signed with your API key's signing secret) or one of your endpoints."""

    url = fields.String(metadata=_URL)
    endpoint_id = fields.String(
        validate=validate.Regexp(f"^{keys.ENDPOINT_ID.pattern}$", error="Not the id of a webhook endpoint.")
    )

    @validates_schema
    def _one_of_both(self, body: dict[str, Any], **_: Any) -> None:
        if len(body) != 1:
            raise ValidationError("Give either a url or an endpoint_id.")
