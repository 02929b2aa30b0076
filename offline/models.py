"""`GET /v1/models`: the four models, and which one does what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from config import OFFLINE_MODELS
from offline.errors import ApiError

CHAT = OFFLINE_MODELS["OPENAI_MODEL"]
EMBEDDING = OFFLINE_MODELS["OPENAI_EMBEDDING_MODEL"]
TRANSCRIPTION = OFFLINE_MODELS["OPENAI_TRANSCRIPTION_MODEL"]
SPEECH = OFFLINE_MODELS["OPENAI_SPEECH_MODEL"]

_CREATED = 1735689600  # 2025-01-01; the field is required and says nothing here

blueprint = Blueprint("models", __name__)


@blueprint.get("/v1/models")
def list_models() -> dict[str, Any]:
    """Every model."""
    return {"object": "list", "data": [_described(model) for model in OFFLINE_MODELS.values()]}


@blueprint.get("/v1/models/<model>")
def get_model(model: str) -> dict[str, Any]:
    """One model, or 404 `model_not_found`."""
    if model not in OFFLINE_MODELS.values():
        message = f"The model '{model[:64]}' does not exist here. The models are {', '.join(OFFLINE_MODELS.values())}."
        raise ApiError(message, status=404, param="model", code="model_not_found")
    return _described(model)


def _described(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": _CREATED, "owned_by": "offline"}
