"""Webhook endpoints: register receivers, change them, try them out, rotate the secrets that sign what is sent."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_smorest import Blueprint

from store.client import milliseconds
from store.webhook_endpoints import EVENTS, MAX_ENDPOINTS, OVERLAP_MS, Endpoint, TooManyEndpoints
from web.bodies import BodyParser
from web.delivery_schemas import DeliverySchema
from web.errors import PROBLEM, ApiError, not_found
from web.schemas import ErasedSchema
from web.services import services
from web.webhook_schemas import (
    CreatedEndpointSchema,
    EndpointChangesSchema,
    EndpointListQuery,
    EndpointListSchema,
    EndpointSchema,
    NewEndpointSchema,
    NewSecretSchema,
    RotatedEndpointSchema,
    SecretSchema,
)
from web.webhook_targets import calls_out, check_url
from webhooks.signature import new_secret

blueprint = Blueprint("webhook_endpoints", __name__, description="Who hears of the end of your jobs")
blueprint.ARGUMENTS_PARSER = BodyParser()


@blueprint.route("/webhook-endpoints", methods=["POST"])
@blueprint.response(201, CreatedEndpointSchema)
@blueprint.alt_response(409, description="Too many endpoints", **PROBLEM)
@blueprint.alt_response(429, description="Too many changes and samples", **PROBLEM)
@calls_out
@blueprint.arguments(NewEndpointSchema)
def register_endpoint(body: dict[str, Any]) -> Any:
    """Register a receiver of the events of all your jobs. Its `secret` is shown this once."""
    check_url(body["url"], "json", "url")
    secret, options = new_secret(), {"events": list(EVENTS), "include_output": False, "description": "", **body}
    try:
        endpoint = services().endpoints.create(g.api_key.id, secret, **options)
    except TooManyEndpoints as error:
        detail = f"You have {MAX_ENDPOINTS} webhook endpoints, the most there may be. Change one, or delete one first."
        raise ApiError(409, "too_many_endpoints", detail) from error
    return {**vars(endpoint), "secret": secret}, 201, {"Location": f"/webhook-endpoints/{endpoint.id}"}


@blueprint.route("/webhook-endpoints", methods=["GET"])
@blueprint.response(200, EndpointListSchema)
@blueprint.arguments(EndpointListQuery, location="query")
def list_endpoints(query: dict[str, Any]) -> Any:
    """Your endpoints, oldest first, without their secrets."""
    places = {f"{one.created_at:015}:{one.id}": one for one in services().endpoints.of_key(g.api_key.id)}
    later = [place for place in sorted(places) if query["cursor"] is None or place > query["cursor"]]
    page = later[: query["limit"]]
    return {"data": [places[place] for place in page], "next_cursor": page[-1] if len(later) > len(page) else None}


@blueprint.route("/webhook-endpoints/<endpoint_id>", methods=["GET"])
@blueprint.response(200, EndpointSchema)
@blueprint.alt_response(404, description="No such endpoint", **PROBLEM)
def get_endpoint(endpoint_id: str) -> Any:
    """One endpoint, without its secret."""
    return _own_endpoint(endpoint_id)


@blueprint.route("/webhook-endpoints/<endpoint_id>", methods=["PATCH"])
@blueprint.response(200, EndpointSchema)
@blueprint.alt_response(404, description="No such endpoint", **PROBLEM)
@blueprint.alt_response(429, description="Too many changes and samples", **PROBLEM)
@calls_out
@blueprint.arguments(EndpointChangesSchema)
def change_endpoint(changes: dict[str, Any], endpoint_id: str) -> Any:
    """Change what is given and nothing else. A new URL, and that of an endpoint being enabled, is checked again."""
    endpoint = _own_endpoint(endpoint_id)
    if "url" in changes or changes.get("enabled"):
        check_url(changes.get("url", endpoint.url), "json", "url")
    changed = services().endpoints.update(endpoint, changes)
    if changed is None:
        raise not_found("webhook endpoint")
    return changed


@blueprint.route("/webhook-endpoints/<endpoint_id>", methods=["DELETE"])
@blueprint.response(200, ErasedSchema)
@blueprint.alt_response(404, description="No such endpoint", **PROBLEM)
def delete_endpoint(endpoint_id: str) -> Any:
    """Delete an endpoint and its secret; what is still on its way there is given up."""
    services().endpoints.delete(_own_endpoint(endpoint_id))
    return {"message": "Webhook endpoint deleted", "erased": {"endpoints": 1}}


@blueprint.route("/webhook-endpoints/<endpoint_id>/rotate-secret", methods=["POST"])
@blueprint.response(200, RotatedEndpointSchema)
@blueprint.alt_response(404, description="No such endpoint", **PROBLEM)
def rotate_secret(endpoint_id: str) -> Any:
    """Sign with a new secret, shown this once. For a day the one before signs too: the receiver may have either."""
    endpoint, secret = _own_endpoint(endpoint_id), new_secret()
    services().endpoints.rotate(endpoint, secret)
    return {**vars(endpoint), **_new_secret(secret)}


@blueprint.route("/webhook-endpoints/<endpoint_id>/test", methods=["POST"])
@blueprint.response(202, DeliverySchema)
@blueprint.alt_response(404, description="No such endpoint", **PROBLEM)
@blueprint.alt_response(429, description="Too many changes and samples", **PROBLEM)
@calls_out
def send_sample(endpoint_id: str) -> Any:
    """Send a sample event, also to a disabled endpoint; answers with its delivery, which tells how that went."""
    delivery_id = services().outbox.sample(_own_endpoint(endpoint_id))
    delivery = services().deliveries.get(delivery_id, g.api_key.id)
    return delivery, 202, {"Location": f"/deliveries/{delivery_id}"}


@blueprint.route("/webhook-endpoints/signing-secret", methods=["GET"])
@blueprint.response(200, SecretSchema)
def get_signing_secret() -> Any:
    """The secret of your API key. It signs what goes to a URL that a job named itself."""
    return {"secret": services().endpoints.signing_secret(g.api_key.id, new_secret())}


@blueprint.route("/webhook-endpoints/signing-secret/rotate-secret", methods=["POST"])
@blueprint.response(200, NewSecretSchema)
def rotate_signing_secret() -> Any:
    """Replace the secret of your API key. For a day the one before signs too."""
    secret = new_secret()
    services().endpoints.rotate_signing_secret(g.api_key.id, secret)
    return _new_secret(secret)


def _own_endpoint(endpoint_id: str) -> Endpoint:
    """The caller's endpoint, or 404: the same for a foreign one as for an unknown one."""
    endpoint = services().endpoints.get(endpoint_id, g.api_key.id)
    if endpoint is None:
        raise not_found("webhook endpoint")
    return endpoint


def _new_secret(secret: str) -> dict[str, Any]:
    return {"secret": secret, "old_secret_expires_at": milliseconds(services().redis.time()) + OVERLAP_MS}
