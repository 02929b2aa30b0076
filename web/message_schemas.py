"""Bodies of messages and recordings, as a client sends them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from web.metadata import MetadataText, check_metadata, read_object
from web.texts import Said
from web.webhook_schemas import JobWebhookSchema

ON_BUSY = ("enqueue", "reject", "cancel_previous")
AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "opus": "audio/ogg"}
_FORMAT_HELP = {"description": "of the spoken reply, if `speak` asks for one; opus comes in Ogg"}


class MessageSchema(Schema):
    """Body of `POST /sessions/{id}/messages`."""

    text = Said(
        required=True,
        metadata={
            "description": "what the person says, up to MAX_MESSAGE_LENGTH characters; invisible ones are taken out",
            "example": "Is walking enough?",
            "minLength": 1,
        },
    )
    metadata = fields.Dict(keys=fields.String(), load_default=dict, validate=check_metadata)
    on_busy = fields.String(load_default="enqueue", validate=validate.OneOf(ON_BUSY))
    speak = fields.Boolean(load_default=False, metadata={"description": "also make a spoken reply"})
    audio_format = fields.String(load_default="mp3", validate=validate.OneOf(AUDIO_TYPES), metadata=_FORMAT_HELP)
    webhook = fields.Nested(JobWebhookSchema, metadata={"description": "who hears of the job's end"})


class ConfirmSchema(Schema):
    """Body of `POST /jobs/{id}/confirm`."""

    text = Said(
        metadata={
            "description": "what was really said, up to MAX_MESSAGE_LENGTH characters; none: it was heard rightly",
            "minLength": 1,
        }
    )


def _check_file(value: Any) -> None:
    if not isinstance(value, FileStorage):
        raise ValidationError("Send the recording as a file.")


class _WebhookText(fields.Field[Any]):
    """A webhook inside a form: an object as JSON text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(JobWebhookSchema().load(read_object(value)))


class VoiceSchema(Schema):
    """Body of `POST /sessions/{id}/voice-chat`: the recording, and form fields beside it."""

    audio = fields.Raw(required=True, validate=_check_file, metadata={"type": "string", "format": "binary"})
    metadata = MetadataText(load_default=dict, metadata={"type": "string", "description": "a JSON object"})
    on_busy = fields.String(load_default="enqueue", validate=validate.OneOf(ON_BUSY))
    speak = fields.Boolean(load_default=False)
    audio_format = fields.String(load_default="mp3", validate=validate.OneOf(AUDIO_TYPES), metadata=_FORMAT_HELP)
    webhook = _WebhookText(
        metadata={"type": "string", "description": "a JSON object with `url` or `endpoint_id`, as for a message"}
    )
