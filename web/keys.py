"""API keys: make, list, rotate and revoke them. All of it needs the scope `admin`."""

from __future__ import annotations

import time
from typing import Any

from flask import g
from flask_smorest import Blueprint

from store.api_keys import ApiKey
from web.bodies import BodyParser
from web.errors import PROBLEM, not_found
from web.key_schemas import (
    KeyListQuery,
    KeyListSchema,
    NewKeySchema,
    NewSecretKeySchema,
    RevokedSchema,
    RotatedKeySchema,
    RotateSchema,
)
from web.services import services

blueprint = Blueprint("keys", __name__, description="Who may call this service (scope `admin`)")
blueprint.ARGUMENTS_PARSER = BodyParser()


@blueprint.route("/keys", methods=["GET"])
@blueprint.response(200, KeyListSchema)
@blueprint.alt_response(403, description="The API key lacks the scope `admin`", **PROBLEM)
@blueprint.arguments(KeyListQuery, location="query")
def list_keys(query: dict[str, Any]) -> Any:
    """All keys, oldest first, without their secrets."""
    found, next_cursor = services().api_keys.list(**query)
    return {"data": found, "next_cursor": next_cursor}


@blueprint.route("/keys", methods=["POST"])
@blueprint.response(201, NewSecretKeySchema)
@blueprint.alt_response(403, description="The API key lacks the scope `admin`", **PROBLEM)
@blueprint.arguments(NewKeySchema)
def create_key(body: dict[str, Any]) -> Any:
    """Make a key. `key` is shown this once; only a hash of it is kept."""
    ends = body["expires_at"]
    expires_at = round(ends.timestamp() * 1000) if ends else None
    scopes = list(dict.fromkeys(body["scopes"]))
    key, plain = services().api_keys.create(name=body["name"], scopes=scopes, expires_at=expires_at, actor=g.api_key.id)
    return {**vars(key), "key": plain}


@blueprint.route("/keys/<key_id>/rotate", methods=["POST"])
@blueprint.response(200, RotatedKeySchema)
@blueprint.alt_response(403, description="The API key lacks the scope `admin`", **PROBLEM)
@blueprint.alt_response(404, description="No such key", **PROBLEM)
@blueprint.arguments(RotateSchema, required=False)
def rotate_key(body: dict[str, Any], key_id: str) -> Any:
    """Give a key a new secret, shown this once. Its id and sessions stay; the old secret is good for a day yet."""
    key = _key(key_id)
    plain = services().api_keys.rotate(key_id, **body, actor=g.api_key.id)
    if plain is None:
        raise not_found("API key")
    return {**vars(key), "key": plain, "old_key_expires_at": round((time.time() + body["overlap_seconds"]) * 1000)}


@blueprint.route("/keys/<key_id>", methods=["DELETE"])
@blueprint.response(200, RevokedSchema)
@blueprint.alt_response(403, description="The API key lacks the scope `admin`", **PROBLEM)
@blueprint.alt_response(404, description="No such key", **PROBLEM)
def revoke_key(key_id: str) -> Any:
    """Revoke a key at once: its streams end, its jobs are cancelled, and its webhooks are given up."""
    services().api_keys.revoke(_key(key_id).id, actor=g.api_key.id)
    return {"message": "API key revoked", "cancelled_jobs": services().revocations.cancel_jobs(key_id)}


def _key(key_id: str) -> ApiKey:
    key = services().api_keys.get(key_id)
    if key is None:
        raise not_found("API key")
    return key
