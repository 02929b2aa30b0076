"""The application factory: everything a request needs is built here and handed on."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from flask import Flask, Response, g, request
from flask_cors import CORS
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

import logs
from config import Settings
from store.addresses import Addresses
from store.api_keys import ApiKeys
from store.audit import Audit
from store.client import connect, pool_of
from store.crypto import Vault
from store.deliveries import Deliveries
from store.events import Events
from store.health import Health
from store.history import History
from store.jobs import Jobs
from store.notifications import Notifications
from store.outbox import Outbox
from store.revocations import Revocations
from store.session_tokens import SessionTokens
from store.sessions import Sessions
from store.speech import Speech
from store.usage import Usage
from store.webhook_endpoints import Endpoints
from web import auth, bodies, commands, errors, first_aid, https, limits
from web.access_log import record
from web.audio import blueprint as audio
from web.confirmations import blueprint as confirmations
from web.deliveries import blueprint as deliveries
from web.errors import PROBLEM, ErrorSchema
from web.events import blueprint as events
from web.jobs import blueprint as jobs
from web.keys import blueprint as keys
from web.messages import blueprint as messages
from web.openapi import with_common_answers
from web.pages import blueprint as pages
from web.probes import blueprint as probes
from web.services import Services
from web.sessions import blueprint as sessions
from web.tokens import blueprint as tokens
from web.uploads import InMemoryRequest
from web.usage import blueprint as usage
from web.webhook_endpoints import blueprint as webhook_endpoints
from webhooks.guard import Guard

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Api(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """OpenAPI without its error handler: this project has one of its own."""

    ERROR_SCHEMA = ErrorSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # each status is documented by itself

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM["content_type"]  # of the error responses, which this registers
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def _register_error_handlers(self) -> None:
        return


def create_app(settings: Settings) -> Flask:
    """A WSGI application for these settings; opens no connection."""
    app = Flask(__name__, static_folder="static")
    app.request_class = InMemoryRequest
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.config.update(
        SETTINGS=settings,
        MAX_AUDIO_SIZE_MB=settings.max_audio_size_mb,
        API_TITLE="Reframing Retirement Coach API",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
    )
    services = _services(settings)
    app.extensions["services"] = services
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]

    app.before_request(_begin)
    bodies.init_app(app, settings)
    app.after_request(_finish)
    app.teardown_request(_end)
    errors.register(app)
    https.init_app(app, settings)
    auth.init_app(app)
    commands.init_app(app)
    app.before_request(first_aid.screen)
    limits.init_app(app, settings, pool_of(services.redis))
    CORS(
        app,
        # Word for word: flask-cors takes an origin with a bracket, as in http://[::1]:3000, for a pattern.
        origins=[re.compile(rf"{re.escape(origin)}\Z") for origin in settings.allowed_origins],
        methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=[
            "Content-Type",
            "X-API-Key",
            "Authorization",
            "Idempotency-Key",
            "Prefer",
            "Cancel-After",
            "Last-Event-ID",
        ],
        expose_headers=[
            "Location",
            "Retry-After",
            "X-Request-ID",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "Idempotent-Replayed",
        ],
    )
    api = _Api(app, spec_kwargs=_spec())
    talking = (sessions, tokens, messages, confirmations, jobs, events, audio)
    for blueprint in (*talking, usage, webhook_endpoints, deliveries, keys, probes):
        api.register_blueprint(blueprint)
    app.register_blueprint(pages)
    app.extensions["openapi"] = with_common_answers(api.spec.to_dict())
    return app


def _services(settings: Settings) -> Services:
    redis = connect(settings.redis_url)
    vault = Vault(settings.data_encryption_keys)
    sessions, jobs = Sessions(redis, vault, settings), Jobs(redis, vault, settings)
    return Services(
        redis=redis,
        sessions=sessions,
        history=History(redis),
        jobs=jobs,
        health=Health(redis),
        usage=Usage(redis, settings),
        events=Events(redis),
        speech=Speech(redis),
        notifications=Notifications(redis),
        api_keys=ApiKeys(redis, plain_keys=settings.api_keys, admin_key=settings.admin_api_key),
        revocations=Revocations(redis, jobs, sessions, settings),
        tokens=SessionTokens(vault),
        addresses=Addresses(redis),
        audit=Audit(redis),
        endpoints=Endpoints(redis, vault),
        outbox=Outbox(redis, vault, settings),
        deliveries=Deliveries(redis, vault, settings),
        guard=Guard(settings.webhook_allow_http_hosts),
    )


def _spec() -> dict[str, Any]:
    schemes = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "SessionToken": {"type": "http", "scheme": "bearer", "description": "what `POST /sessions/{id}/token` answers"},
    }
    description = (
        "Post a message or a recording, get a job, and fetch the answer by the job's id. "
        "This is not medical advice and not an emergency service."
    )
    return {
        "info": {"description": description, "license": {"name": "MIT"}},
        "components": {"securitySchemes": schemes},
        "security": [{"ApiKey": []}],
    }


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.monotonic()
    logs.request_id.set(g.request_id)


def _end(_: BaseException | None) -> None:
    """What runs in this thread or greenlet next is not this request."""
    logs.request_id.set(None)
    logs.key_id.set(None)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"  # pages of ALLOWED_ORIGINS ask by CORS instead
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    record(response)
    return response
