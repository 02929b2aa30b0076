"""`POST /v1/embeddings`."""

from __future__ import annotations

import base64
from typing import Any

from flask import Blueprint

from offline.errors import invalid
from offline.fields import Fields, checked_text
from offline.minilm import DIMENSIONS, MiniLM, Vectors
from offline.models import EMBEDDING

MAX_INPUTS = 2048  # as the OpenAI API
MAX_CHARACTERS = 50_000  # of one input; the model reads the first 256 word pieces


def blueprint(minilm: MiniLM) -> Blueprint:
    """The route, served by `minilm`."""
    routes = Blueprint("embeddings", __name__)

    @routes.post("/v1/embeddings")
    def create() -> dict[str, Any]:
        fields = Fields.of_json()
        fields.model(EMBEDDING)
        encoding = fields.choice("encoding_format", ("float", "base64"), default="float")
        if fields.values.get("dimensions") not in (None, DIMENSIONS):
            raise invalid("dimensions", f"'dimensions' can only be {DIMENSIONS} with this model.")
        embedded = minilm.embed(_inputs(fields.values.get("input")))
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(row, encoding)}
            for index, row in enumerate(embedded.vectors)
        ]
        usage = {"prompt_tokens": embedded.tokens, "total_tokens": embedded.tokens}
        return {"object": "list", "data": data, "model": EMBEDDING, "usage": usage}

    return routes


def _inputs(value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if value is None or not texts:
        raise invalid("input", "'input' must be a string or a list of strings, and not empty.")
    if len(texts) > MAX_INPUTS:
        raise invalid("input", f"'input' has {len(texts)} texts; at most {MAX_INPUTS} are accepted in one request.")
    if any(isinstance(text, int | list) for text in texts):
        raise invalid("input", "'input' must be text: token ids of another tokenizer mean nothing to this model.")
    return [checked_text(text, "input", MAX_CHARACTERS) for text in texts]


def _encoded(row: Vectors, encoding: str) -> str | list[float]:
    if encoding == "base64":  # what the openai client asks for; little-endian float32
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    return [float(number) for number in row]
