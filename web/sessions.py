"""Sessions: open, read back, erase."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify
from flask_smorest import Blueprint

from web.bodies import BodyParser
from web.errors import PROBLEM, not_found
from web.headers import KEY_OR_TOKEN
from web.limits import limited
from web.schemas import ErasedSchema
from web.services import own_session, services
from web.session_schemas import (
    HistoryQuery,
    HistorySchema,
    OpenSessionSchema,
    SessionDetailSchema,
    SessionListQuery,
    SessionListSchema,
    SessionSchema,
)

blueprint = Blueprint("sessions", __name__, description="A conversation and everything in it")
blueprint.ARGUMENTS_PARSER = BodyParser()


@blueprint.route("/sessions", methods=["POST"])
@blueprint.response(201, SessionSchema)
@blueprint.alt_response(429, description="Too many sessions", **PROBLEM)
@limited("RATE_LIMIT_SESSIONS_PER_HOUR")
@blueprint.arguments(OpenSessionSchema, required=False)
def open_session(body: dict[str, Any]) -> Any:
    """Open a session."""
    return services().sessions.open(g.api_key.id, body.get("metadata", {}))


@blueprint.route("/sessions", methods=["GET"])
@blueprint.response(200, SessionListSchema)
@blueprint.arguments(SessionListQuery, location="query")
def list_sessions(query: dict[str, Any]) -> Any:
    """Your live sessions, newest first."""
    sessions, next_cursor = services().sessions.list(g.api_key.id, **query)
    return {"data": sessions, "next_cursor": next_cursor}


@blueprint.route("/sessions/<session_id>", methods=["GET"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, SessionDetailSchema)
@blueprint.alt_response(404, description="No such session", **PROBLEM)
def get_session(session_id: str) -> Any:
    """One session, with what the coach has understood so far and how many messages are kept."""
    session = own_session(session_id)
    return {**vars(session), "message_count": services().history.count(session)}


@blueprint.route("/sessions/<session_id>", methods=["DELETE"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, ErasedSchema)
@blueprint.alt_response(404, description="No such session", **PROBLEM)
def erase_session(session_id: str) -> Any:
    """Erase everything: messages, jobs (also running ones), events and recordings."""
    receipt = services().sessions.erase(session_id, g.api_key.id)
    if receipt is None:
        raise not_found("session")
    return {"message": "Session cleared", "erased": receipt}


@blueprint.route("/sessions/<session_id>/messages", methods=["GET"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, HistorySchema)
@blueprint.alt_response(404, description="No such session", **PROBLEM)
@blueprint.arguments(HistoryQuery, location="query")
def list_messages(query: dict[str, Any], session_id: str) -> Response:
    """The conversation so far, oldest first (at most `MAX_HISTORY_MESSAGES`)."""
    messages = services().history.read(own_session(session_id))
    places = [f"{message.job_id}:{message.role}" for message in messages]
    # A cursor names the last message seen. If that is gone, it made room for newer ones, and all that is left is news
    # (or its job was erased: then the pages start again).
    first = places.index(query["cursor"]) + 1 if query["cursor"] in places else 0
    behind = first + query["limit"]
    next_cursor = places[behind - 1] if behind < len(messages) else None
    return jsonify(HistorySchema().dump({"data": messages[first:behind], "next_cursor": next_cursor}))
