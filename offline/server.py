"""The application: an OpenAI-compatible API over the embedded models."""

from __future__ import annotations

import hmac
import io
from typing import IO

from flask import Flask, Request, request

from offline import chat, embeddings, errors, models, speech, transcriptions
from offline import faults as fault_injection
from offline.errors import ApiError
from offline.faults import Faults
from offline.minilm import MiniLM
from offline.voice import Voice
from offline.whisper import Whisper

MEGABYTE = 1024 * 1024


class InMemoryRequest(Request):
    """A request whose upload never touches the disk: it is somebody's voice."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


class Server(Flask):
    """Flask with requests that stay in memory."""

    request_class = InMemoryRequest


def create_app(minilm: MiniLM, whisper: Whisper, voice: Voice, *, api_key: str, faults: Faults | None) -> Flask:
    """Build the application. An empty `api_key` lets everybody in; `faults` is given in tests only."""
    app = Server("offline")
    app.config["MAX_CONTENT_LENGTH"] = errors.MAX_BODY_MB * MEGABYTE
    errors.register(app)

    @app.before_request
    def authenticate() -> None:
        given = request.headers.get("Authorization", "")
        if api_key and not hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode()):
            message = "Incorrect API key provided. Send the server's key as 'Authorization: Bearer KEY'."
            raise ApiError(message, status=401, code="invalid_api_key")

    if faults:
        fault_injection.register(app, faults)
    app.register_blueprint(models.blueprint)
    app.register_blueprint(chat.blueprint(minilm))
    app.register_blueprint(embeddings.blueprint(minilm))
    app.register_blueprint(transcriptions.blueprint(whisper))
    app.register_blueprint(speech.blueprint(voice))
    return app
