"""Pages for people: the chat page, and the API's documentation."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, render_template, send_from_directory
from swagger_ui_bundle import swagger_ui_path

blueprint = Blueprint("pages", __name__, template_folder="templates")

# Everything from this server, nothing inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# Swagger UI writes styles into its page.
_DOCS_POLICY = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


@blueprint.get("/")
def chat() -> Response:
    """The chat page: type, see the answer and its sources."""
    return _page("chat.html", _POLICY)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The contract, generated from the schemas."""
    return jsonify(current_app.extensions["openapi"])


@blueprint.get("/docs/")
@blueprint.get("/docs/<path:name>")
def docs(name: str = "") -> Response:
    """The contract, readable; all files come from this server."""
    return send_from_directory(swagger_ui_path, name) if name else _page("docs.html", _DOCS_POLICY)


def _page(template: str, policy: str) -> Response:
    response = Response(render_template(template))
    response.headers["Content-Security-Policy"] = policy
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self)"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
