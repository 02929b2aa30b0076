"""How request bodies are read: JSON or multipart, nothing unknown, nothing twice."""

from __future__ import annotations

from typing import Any

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


class BodyParser(FlaskParser):
    """webargs, with every unknown part refused; it would pass over unknown files and take the first of two."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 (no ClassVar in webargs either)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The JSON body, or nothing if there is no body.

        Raises:
            BadRequest: not JSON, or nested too deeply to be read.
            UnsupportedMediaType: a body that does not say it is JSON.
        """
        if req.content_length and not req.is_json:
            raise UnsupportedMediaType
        try:
            return super().load_json(req, schema)
        except RecursionError as error:
            raise BadRequest from error

    def load_files(self, req: Request, schema: Schema) -> Any:
        """A multipart body: its files and its fields, each at most once."""
        parts: CombinedMultiDict[str, Any] = CombinedMultiDict([req.form, req.files])
        twice = {name: ["Given more than once."] for name in parts if len(parts.getlist(name)) > 1}
        if twice:
            raise ValidationError(twice)
        return self._makeproxy(parts, schema)
