"""Pages for people: the chat page, and the API's documentation."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, render_template, send_from_directory
from swagger_ui_bundle import swagger_ui_path

blueprint = Blueprint("pages", __name__, template_folder="templates")

_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


@blueprint.get("/")
def chat() -> Response:
    """The chat page: type, see the answer and its sources."""
    return _page("chat.html")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The contract, generated from the schemas."""
    return jsonify(current_app.extensions["openapi"].to_dict())


@blueprint.get("/docs/")
@blueprint.get("/docs/<path:name>")
def docs(name: str = "") -> Response:
    """The contract, readable; all files come from this server."""
    return send_from_directory(swagger_ui_path, name) if name else _page("docs.html")


def _page(template: str) -> Response:
    response = Response(render_template(template))
    response.headers["Content-Security-Policy"] = _PAGE_POLICY
    return response
