"""The spoken reply of a job, whole or in ranges once the job is over, and as it is spoken before that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from flask import Response, g, request
from flask_smorest import Blueprint
from redis.exceptions import RedisError

from store.sessions import Session
from web.errors import PROBLEM, not_found
from web.headers import KEY_OR_TOKEN, RANGE
from web.jobs import own_job
from web.message_schemas import AUDIO_TYPES
from web.services import Services, own_session, services

blueprint = Blueprint("audio", __name__, description="Hear the answer")

LOOK_AGAIN_SECONDS = 4.0  # also how soon a revoked key hears no more
_SOUND = {"type": "string", "format": "binary"}


@blueprint.route("/jobs/<job_id>/audio", methods=["GET"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, _SOUND, content_type="audio/*")
@blueprint.alt_response(206, schema=_SOUND, content_type="audio/*", description="The range that was asked for")
@blueprint.alt_response(404, description="No such job, or no spoken reply", **PROBLEM)
@blueprint.alt_response(416, description="The reply is shorter than that", **PROBLEM)
@blueprint.doc(parameters=[RANGE])
def get_speech(job_id: str) -> Response:
    """The spoken reply in the format that was asked for (MP3, WAV, or Opus in Ogg), if `speak` asked for one.

    While it is still being spoken (the event `audio` says that it has begun) the answer is what there is, and goes on
    until the end; ranges are for a job that is over.
    """
    job = own_job(job_id)
    session, kind = own_session(job.session_id), AUDIO_TYPES[job.audio_format]
    parts = services().speech.parts(job.id, session)
    if not parts:
        raise not_found("spoken reply")
    if not job.over:
        stream = _as_spoken(services(), job.id, session, g.api_key.id, g.allowed_until)
        return Response(stream, mimetype=kind, headers={"X-Accel-Buffering": "no"})
    whole = b"".join(parts)
    response = Response(whole, mimetype=kind)
    response.make_conditional(request, accept_ranges=True, complete_length=len(whole))
    return response


def _as_spoken(found: Services, job_id: str, session: Session, key_id: str, allowed_until: float) -> Iterator[bytes]:
    """Part by part until the job is over, or begins anew with another attempt, or the caller may no longer listen."""
    heard = 0
    with suppress(RedisError), found.notifications.watch(job_id) as news:
        while time.time() < allowed_until and found.api_keys.active(key_id):
            news.clear()
            job = found.jobs.get(job_id, key_id)  # first: whatever is written after this look announces itself
            parts = found.speech.parts(job_id, session, heard) if job else []
            heard += len(parts)
            yield from parts
            if job is None or job.over or not found.jobs.has_speech(job):
                return
            found.notifications.wait(news, LOOK_AGAIN_SECONDS)
