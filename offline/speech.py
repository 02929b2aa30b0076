"""`POST /v1/audio/speech`. There is one voice; any voice name gets it."""

from __future__ import annotations

from flask import Blueprint, Response

from offline.errors import invalid
from offline.fields import Fields
from offline.models import SPEECH
from offline.voice import CONTENT_TYPES, Voice, encode

MAX_CHARACTERS = 4096  # as the OpenAI API
_SPEEDS = (0.25, 4.0)


def blueprint(voice: Voice) -> Blueprint:
    """The route, served by `voice`. `instructions` are accepted and change nothing."""
    routes = Blueprint("speech", __name__)

    @routes.post("/v1/audio/speech")
    def create() -> Response:
        fields = Fields.of_json()
        fields.model(SPEECH)
        text = fields.text("input", MAX_CHARACTERS)
        fields.text("voice")
        audio_format = fields.choice("response_format", tuple(CONTENT_TYPES), default="mp3")
        speed = fields.number("speed", *_SPEEDS, default=1.0)
        fields.choice("stream_format", ("audio",), default="audio")
        samples = voice.speak(text, speed)
        if not len(samples):
            raise invalid("input", "'input' has nothing that can be spoken. Send English words or numbers.")
        return Response(encode(samples, audio_format), mimetype=CONTENT_TYPES[audio_format])

    return routes
