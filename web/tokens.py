"""Session tokens: what a page of a browser holds, so that an API key never sits in one."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from store.client import milliseconds
from store.session_tokens import LONGEST_MINUTES, SessionToken
from web.bodies import BodyParser
from web.errors import PROBLEM
from web.schemas import moment
from web.services import own_session, services

blueprint = Blueprint("tokens", __name__, description="Short-lived access to one session, for browsers")
blueprint.ARGUMENTS_PARSER = BodyParser()


class NewTokenSchema(Schema):
    """What may be asked for; may be absent."""

    minutes = fields.Integer(
        load_default=LONGEST_MINUTES,
        strict=True,
        validate=validate.Range(1, LONGEST_MINUTES),
        metadata={"description": "how long it is good for"},
    )


class TokenSchema(Schema):
    """A session token."""

    token = fields.String(metadata={"description": "to be sent as `Authorization: Bearer …`"})
    expires_at = moment("when it ends, if its API key and session do not end before")


@blueprint.route("/sessions/<session_id>/token", methods=["POST"])
@blueprint.response(201, TokenSchema)
@blueprint.alt_response(404, description="No such session", **PROBLEM)
@blueprint.arguments(NewTokenSchema, required=False)
def issue_token(body: dict[str, Any], session_id: str) -> Any:
    """Make a token for one session: to talk in it, to hear the answers, and to take back what was said.

    It reaches no list, no other session, no webhooks and no keys, makes no token, and ends with its API key.
    """
    session = own_session(session_id)
    expires_at = milliseconds(services().redis.time()) + body.get("minutes", LONGEST_MINUTES) * 60_000
    token = SessionToken(session.id, g.api_key.id, expires_at)
    return {"token": services().tokens.write(token), "expires_at": expires_at}
