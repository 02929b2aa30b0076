"""Metadata: the client's own notes, kept with a session or a job and given back as they are."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import ValidationError, fields

from web.bodies import read_json

_BYTES = 4096
_LEVELS = 20


def check_metadata(value: dict[str, Any]) -> None:
    """Metadata is kept with the job and given back as it is; it is not a place for documents."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair: Python reads them, nobody else does
        raise ValidationError("Metadata must be JSON in UTF-8.") from error
    if size > _BYTES:
        raise ValidationError(f"Metadata may take up to {_BYTES} bytes as JSON.")
    layer: list[Any] = [value]
    for _ in range(_LEVELS):
        layer = [inner for outer in layer for inner in (outer.values() if isinstance(outer, dict) else outer)]
        layer = [inner for inner in layer if isinstance(inner, dict | list)]
    if layer:
        raise ValidationError(f"Metadata may be nested up to {_LEVELS} levels.")


class MetadataText(fields.Field[Any]):
    """Metadata inside a form: an object as JSON text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        parsed = read_object(value)
        check_metadata(parsed)
        return parsed


def read_object(text: Any) -> dict[str, Any]:
    """A JSON object from a form field, or `ValidationError`."""
    try:
        parsed = read_json(text)
    except (TypeError, ValueError) as error:
        raise ValidationError("Must be a JSON object.") from error
    if not isinstance(parsed, dict):
        raise ValidationError("Must be a JSON object.")
    return parsed
