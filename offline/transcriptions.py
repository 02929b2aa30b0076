"""`POST /v1/audio/transcriptions`, for the PCM WAV files that the workers make."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from offline import wav
from offline.errors import invalid
from offline.fields import Fields
from offline.models import TRANSCRIPTION
from offline.whisper import Transcript, Whisper

MAX_PROMPT = 2000  # characters; Whisper reads the last 224 tokens of it
_FORMATS = ("json", "text", "verbose_json")


def blueprint(whisper: Whisper) -> Blueprint:
    """The route, served by `whisper`."""
    routes = Blueprint("transcriptions", __name__)

    @routes.post("/v1/audio/transcriptions")
    def create() -> Response | dict[str, Any]:
        fields = Fields(request.form)
        fields.model(TRANSCRIPTION)
        answer = fields.choice("response_format", _FORMATS, default="json")
        fields.choice("language", ("en", "english"), default="en")
        if fields.flag("stream"):
            raise invalid("stream", "Transcripts cannot be streamed offline. Send stream=false.", "unsupported_value")
        granularities = set(request.form.getlist("timestamp_granularities[]"))
        if granularities - {"segment"}:
            raise invalid("timestamp_granularities", "Only segments have timestamps.", "unsupported_value")
        prompt = fields.text("prompt", MAX_PROMPT) if request.form.get("prompt") else None
        temperature = fields.number("temperature", 0, 1, default=0) or None
        if "file" not in request.files:
            raise invalid("file", "Missing required parameter: 'file'.", "missing_required_parameter")

        samples = wav.read(request.files["file"].read())
        transcript = whisper.transcribe(samples, prompt=prompt, temperature=temperature, timed=bool(granularities))
        if answer == "text":
            return Response(f"{transcript.text}\n", mimetype="text/plain")
        return _verbose(transcript, temperature) if answer == "verbose_json" else _plain(transcript)

    return routes


def _plain(transcript: Transcript) -> dict[str, Any]:
    return {"text": transcript.text, "usage": {"type": "duration", "seconds": round(transcript.seconds, 3)}}


def _verbose(transcript: Transcript, temperature: float | None) -> dict[str, Any]:
    segments = [
        {
            "id": index,
            "seek": segment.seek,
            "start": round(segment.start, 3),
            "end": round(segment.end, 3),
            "text": segment.text,
            "tokens": segment.tokens,
            "temperature": segment.temperature if segment.temperature is not None else temperature or 0.0,
            "avg_logprob": segment.avg_logprob,
            "compression_ratio": segment.compression_ratio,
            "no_speech_prob": segment.no_speech_prob,
        }
        for index, segment in enumerate(transcript.segments)
    ]
    whole = {"task": "transcribe", "language": "english", "duration": round(transcript.seconds, 3)}
    return whole | _plain(transcript) | {"segments": segments}
