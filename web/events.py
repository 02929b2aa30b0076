"""A job's events as they happen: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from flask import Response, g, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from store.events import Event
from store.job import Job
from store.sessions import Session
from web.errors import PROBLEM
from web.headers import KEY_OR_TOKEN, LAST_EVENT_ID
from web.job_schemas import job_body
from web.jobs import own_job
from web.services import Services, own_session, services

blueprint = Blueprint("events", __name__, description="What happens to a message, as it happens")

PING_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 60.0  # news comes by itself; this is for the case that it once does not
KEY_SECONDS = 3.5  # a revoked key's streams end within 5 s
_DONE = "done"
# Of each event: OpenAPI 3.0 has no word yet for a stream of them.
_EVENT = {
    "type": "object",
    "description": "each event; `data` is JSON",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"}},
}


@blueprint.route("/jobs/<job_id>/events", methods=["GET"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, _EVENT, content_type="text/event-stream")
@blueprint.alt_response(204, schema={"type": "string"}, description="`done` was seen: stop asking")
@blueprint.alt_response(404, description="No such job", **PROBLEM)
@blueprint.doc(parameters=[LAST_EVENT_ID])
def stream_events(job_id: str) -> Response:
    """Server-sent events: `stage`, `transcript`, `token`, `audio`, `restart` and at last `done`, with the job.

    Each has an `id`. Without `Last-Event-ID` the stream starts at the first event, also after the job's end. The
    tokens since the last `restart`, joined, are the reply. Leaving cancels nothing.
    """
    job = own_job(job_id)
    last = request.headers.get("Last-Event-ID", "")
    if job.over and last == _DONE:
        return Response(status=204)
    session, caller = own_session(job.session_id), {"key_id": g.api_key.id, "allowed_until": g.allowed_until}
    stream = _Stream(services(), job, session, last, **caller)
    # nginx would hold events back
    return Response(stream.lines(), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


class _Stream:
    """One client's view of one job. Waiting, it costs a greenlet: no request context, no connection to Redis."""

    def __init__(
        self, found: Services, job: Job, session: Session, last: str, *, key_id: str, allowed_until: float
    ) -> None:
        self._services, self._key_id, self._allowed_until, self._job_id = found, key_id, allowed_until, job.id
        self._session, self._last = session, last

    def lines(self) -> Iterator[str]:
        """Events until the job is over or erased, key or token ended, or Redis is away (the client may come back)."""
        yield "retry: 2000\n\n"  # something at once, so that the client knows it is connected
        with suppress(RedisError):
            yield from self._until_done()

    def _until_done(self) -> Iterator[str]:
        found, look_at, ping_at = self._services, 0.0, time.monotonic() + PING_SECONDS
        with found.notifications.watch(self._job_id) as news:
            while time.time() < self._allowed_until and found.api_keys.active(self._key_id, lately=not news.is_set()):
                now = time.monotonic()
                if news.is_set() or now >= look_at:
                    news.clear()
                    # The job first: whatever is written after this look announces itself.
                    job = found.jobs.get(self._job_id, self._key_id)
                    for event in found.events.after(self._job_id, self._session, self._last) if job else []:
                        self._last = event.id
                        yield _line(event)
                    if job is None or job.over:
                        yield _line(Event(_DONE, _DONE, self._end(job)))
                        return
                    look_at = now + LOOK_AGAIN_SECONDS
                if now >= ping_at:
                    yield ": ping\n\n"
                    ping_at = now + PING_SECONDS
                found.notifications.wait(news, max(0.0, min(KEY_SECONDS, ping_at - now)))

    def _end(self, job: Job | None) -> dict[str, Any]:
        if job is None:
            return {"status": "erased"}
        return job_body(job, has_speech=self._services.jobs.has_speech(job))


def _line(event: Event) -> str:
    return f"id: {event.id}\nevent: {event.type}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"
