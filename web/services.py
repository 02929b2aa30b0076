"""What the routes share, built by the application factory."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, g

from store.addresses import Addresses
from store.api_keys import ApiKeys
from store.audit import Audit
from store.deliveries import Deliveries
from store.events import Events
from store.health import Health
from store.history import History
from store.jobs import Jobs
from store.notifications import Notifications
from store.outbox import Outbox
from store.redis_commands import Redis
from store.revocations import Revocations
from store.session_tokens import SessionTokens
from store.sessions import Session, Sessions
from store.speech import Speech
from store.usage import Usage
from store.webhook_endpoints import Endpoints
from web.errors import not_found
from webhooks.guard import Guard


@dataclass(frozen=True)
class Services:
    """The store, as the web side needs it, and the guard of the way out."""

    redis: Redis
    sessions: Sessions
    history: History
    jobs: Jobs
    events: Events
    speech: Speech
    notifications: Notifications
    health: Health
    usage: Usage
    api_keys: ApiKeys
    revocations: Revocations
    tokens: SessionTokens
    addresses: Addresses
    audit: Audit
    endpoints: Endpoints
    outbox: Outbox
    deliveries: Deliveries
    guard: Guard


def services() -> Services:
    """The services of the running application."""
    found: Services = current_app.extensions["services"]
    return found


def own_session(session_id: str) -> Session:
    """The caller's session, or 404: the same for a foreign one as for an unknown one."""
    session = services().sessions.get(session_id, g.api_key.id)
    if session is None:
        raise not_found("session")
    return session
