"""Deliveries: what was sent to webhook receivers, each attempt, and once more."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_smorest import Blueprint

from store.deliveries import Delivery
from web.bodies import BodyParser
from web.delivery_schemas import DeliveryListQuery, DeliveryListSchema, DeliverySchema
from web.errors import PROBLEM, ApiError, not_found
from web.jobs import own_job
from web.services import services
from web.webhook_targets import calls_out

blueprint = Blueprint("deliveries", __name__, description="What webhook receivers were sent, and what they answered")
blueprint.ARGUMENTS_PARSER = BodyParser()


@blueprint.route("/jobs/<job_id>/deliveries", methods=["GET"])
@blueprint.response(200, DeliveryListSchema)
@blueprint.alt_response(404, description="No such job", **PROBLEM)
def list_deliveries_of_job(job_id: str) -> Any:
    """All deliveries of one job's end, in the order in which they were made."""
    found = services().deliveries.of_job(own_job(job_id).id, g.api_key.id)
    return {"data": found, "next_cursor": None}


@blueprint.route("/deliveries", methods=["GET"])
@blueprint.response(200, DeliveryListSchema)
@blueprint.arguments(DeliveryListQuery, location="query")
def list_deliveries(query: dict[str, Any]) -> Any:
    """Your deliveries, newest first. A page may be shorter than `limit` and still have a `next_cursor`."""
    found, next_cursor = services().deliveries.list(g.api_key.id, **query)
    return {"data": found, "next_cursor": next_cursor}


@blueprint.route("/deliveries/<delivery_id>", methods=["GET"])
@blueprint.response(200, DeliverySchema)
@blueprint.alt_response(404, description="No such delivery", **PROBLEM)
def get_delivery(delivery_id: str) -> Any:
    """One delivery with every attempt. The answers of the receiver go when the session does."""
    return _own_delivery(delivery_id)


@blueprint.route("/deliveries/<delivery_id>/replay", methods=["POST"])
@blueprint.response(202, DeliverySchema)
@blueprint.alt_response(404, description="No such delivery", **PROBLEM)
@blueprint.alt_response(409, description="It is still on its way", **PROBLEM)
@blueprint.alt_response(429, description="Too many replays and samples", **PROBLEM)
@calls_out
def replay_delivery(delivery_id: str) -> Any:
    """Send it once more, under the same id and with all retries, whether it was delivered or given up."""
    sent = services().deliveries.replay(_own_delivery(delivery_id))
    delivery = _own_delivery(delivery_id)  # or 404: it was erased meanwhile
    if not sent:
        detail = "This delivery is still on its way. Look at `next_attempt_at`, and replay it when it has ended."
        raise ApiError(409, "delivery_pending", detail)
    return delivery, 202, {"Location": f"/deliveries/{delivery_id}"}


def _own_delivery(delivery_id: str) -> Delivery:
    """The caller's delivery, or 404: the same for a foreign one as for an unknown one."""
    delivery = services().deliveries.get(delivery_id, g.api_key.id)
    if delivery is None:
        raise not_found("delivery")
    return delivery
