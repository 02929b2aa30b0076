"""Is the service alive, ready, well? Probes need no key and tell no detail; `/healthz` needs one and tells all."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, current_app, jsonify, make_response
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from store import keys
from web.errors import RETRY_SECONDS
from web.schemas import HealthSchema, StatusSchema
from web.services import services

blueprint = Blueprint("probes", __name__, description="Health")

CANARY_SECONDS = 30  # several canaries in a row were not taken
CHECK_SECONDS = 60


@blueprint.route("/livez", methods=["GET"])
@blueprint.doc(security=[])
@blueprint.response(200, StatusSchema)
def livez() -> Response:
    """This process answers."""
    return jsonify({"status": "ok"})


@blueprint.route("/readyz", methods=["GET"])
@blueprint.doc(security=[])
@blueprint.response(200, StatusSchema)
@blueprint.alt_response(503, schema=StatusSchema, description="Not ready")
def readyz() -> Response:
    """A message posted now would be answered: Redis is there, and so is who answers. Webhooks can wait."""
    if _redis_answers() and all(queue["ok"] for name, queue in _queues().items() if name != keys.DELIVERIES):
        return jsonify({"status": "ok"})
    return make_response(jsonify({"status": "unavailable"}), 503, {"Retry-After": str(RETRY_SECONDS)})


@blueprint.route("/healthz", methods=["GET"])
@blueprint.response(200, HealthSchema)
@blueprint.alt_response(503, schema=HealthSchema, description="Something is wrong; `checks` says what")
def healthz() -> Response:
    """Status of Redis, the queues, Qdrant and the model API (the last two as a worker last saw them).

    `memory` is not ok when new sessions and jobs are refused with `storage_full`; `sessions` counts those of all keys.
    """
    health = services().health
    recorded = health.checks()
    checks: dict[str, Any] = {"redis": {"ok": _redis_answers()}, "queues": _queues()}
    for name in ("qdrant", "model_api"):
        last = recorded.get(name)
        age = round(time.time() - last.at, 1) if last else None
        checks[name] = {"ok": bool(last and last.ok and age is not None and age < CHECK_SECONDS), "age_seconds": age}
    room = health.room()
    checks["memory"] = {"ok": not room.full, "used_bytes": room.used, "limit_bytes": room.limit}
    most = current_app.config["SETTINGS"].max_total_sessions
    checks["sessions"] = {"ok": True, "open": health.sessions(), "limit": most}
    well = all(check["ok"] for name, check in checks.items() if name != "queues")
    well = well and all(queue["ok"] for queue in checks["queues"].values())
    body = {"status": "ok" if well else "degraded", "checks": checks}
    return make_response(jsonify(body), *((200,) if well else (503, {"Retry-After": str(RETRY_SECONDS)})))


def _redis_answers() -> bool:
    try:
        return bool(services().redis.ping())
    except RedisError:
        return False


def _queues() -> dict[str, dict[str, Any]]:
    health = services().health
    try:
        ages, waiting = health.canary_ages(), health.waiting()
    except RedisError:
        return {"all": {"ok": False}}
    return {
        queue: {"ok": age is not None and age < CANARY_SECONDS, "canary_age_seconds": age, "waiting": waiting[queue]}
        for queue, age in ages.items()
    }
