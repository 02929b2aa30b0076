"""How lists are cut into pages: `limit` and `cursor` in the query, `next_cursor` in the answer (null = no more)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

LONGEST_PAGE = 100


class PageSchema(Schema):
    """Query of every list, with a `cursor` of its own."""

    limit = fields.Integer(load_default=LONGEST_PAGE, validate=validate.Range(1, LONGEST_PAGE))


def cursor_field(pattern: str) -> fields.String:
    """What the page before gave as `next_cursor`: a regular expression of the whole, or 422."""
    # Python takes a line end before `$`, JavaScript (which OpenAPI means) has no `\Z`.
    shape = validate.Regexp(rf"^(?:{pattern})$(?!\n)", error="Not a cursor of this list: take `next_cursor` of a page.")
    return fields.String(
        load_default=None, validate=shape, metadata={"description": "`next_cursor` of the page before"}
    )
