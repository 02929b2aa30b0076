"""How request bodies are read: JSON or multipart, nothing unknown, nothing twice, nothing larger than it may be."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from flask import Flask, Request, request
from marshmallow import Schema, ValidationError
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from config import Settings

RECORDING = "messages.post_recording"  # the one route that takes more than a text
DEEPEST = 32  # levels of JSON; metadata may have 20 of them
_REST = 64 * 1024  # metadata, webhook, the parts of a form
_WIDEST_CHARACTER = 12  # bytes: two \uXXXX escapes, as many clients write an emoji


def init_app(app: Flask, settings: Settings) -> None:
    """Bound each request before any of its body is read: a recording by its own limit, all else by that of a text."""
    recording = settings.max_audio_size_mb * 1024 * 1024 + _REST
    text = min(recording, settings.max_message_length * _WIDEST_CHARACTER + _REST)
    app.config.update(
        MAX_CONTENT_LENGTH=text,
        MAX_FORM_MEMORY_SIZE=3 * _REST,  # of one field that is not a file; Werkzeug's reads of 64 kB must fit in, too
        MAX_FORM_PARTS=16,
    )

    @app.before_request
    def more_for_recordings() -> None:
        if request.endpoint == RECORDING and request.mimetype == "multipart/form-data":
            request.max_content_length = recording


class BodyParser(FlaskParser):
    """webargs, with every unknown part refused; it would pass over unknown files and take the first of two."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 (no ClassVar in webargs either)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The JSON body, or nothing if there is no body.

        Raises:
            BadRequest: cut short, not UTF-8, or not as `read_json` wants it.
            RequestEntityTooLarge: longer than `init_app` lets it be.
            UnsupportedMediaType: a body that does not say it is JSON.
        """
        body = req.get_data()
        if not body:
            return missing
        if req.content_length is None and len(body) >= (req.max_content_length or 0):
            raise RequestEntityTooLarge  # sent in chunks: Werkzeug stops reading there, and says nothing
        if len(body) < (req.content_length or 0):  # the client hung up; what came may still read like a whole
            raise BadRequest
        if not req.is_json:
            raise UnsupportedMediaType
        try:
            return read_json(body.decode())
        except ValueError as error:
            raise BadRequest from error

    def load_files(self, req: Request, schema: Schema) -> Any:
        """A multipart body: its files and its fields, each at most once."""
        parts: CombinedMultiDict[str, Any] = CombinedMultiDict([req.form, req.files])
        twice = {name: ["Given more than once."] for name in parts if len(parts.getlist(name)) > 1}
        if twice:
            raise ValidationError(twice)
        return self._makeproxy(parts, schema)


def read_json(text: str) -> Any:
    """A value from JSON as RFC 8259 has it, up to `DEEPEST` levels, with no name twice in an object.

    Raises:
        ValueError: it is anything else.
    """
    try:
        found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError from error
    if _depth(found) > DEEPEST:
        raise ValueError
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two `text` counts, a proxy in front might decide otherwise (RFC 8259, section 4)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_number(_: str) -> NoReturn:
    """`NaN` and `Infinity`: Python reads them, JSON does not have them."""
    raise ValueError


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer := [inner for inner in layer if isinstance(inner, dict | list)]:
        layer = [each for inner in layer for each in (inner.values() if isinstance(inner, dict) else inner)]
        depth += 1
    return depth
