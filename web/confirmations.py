"""What was not heard well is confirmed or corrected: a new job says it again, in writing."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint

from store.submission import Submission, SubmitRefused
from web import first_aid
from web.bodies import BodyParser
from web.errors import PROBLEM
from web.first_aid import escalates
from web.headers import CANCEL_AFTER, IDEMPOTENCY_KEY, KEY_OR_TOKEN, PREFER, WAIT
from web.job_schemas import JobSchema
from web.jobs import job_response, own_job, wait_seconds
from web.limits import limited
from web.message_schemas import ConfirmSchema
from web.messages import check_length, deadline_seconds, idempotency_key, settle
from web.services import own_session, services

blueprint = Blueprint("confirmations", __name__, description="Confirm or correct what was heard")
blueprint.ARGUMENTS_PARSER = BodyParser()


def _escalate(job_id: str) -> Response:
    """As for a message: what reads like an emergency is answered at once, also where there is nothing to confirm."""
    job = own_job(job_id)
    webhook = services().jobs.webhook(job)
    return settle(own_session(job.session_id), metadata=job.metadata, webhook=webhook, confirms=job.id)


@blueprint.route("/jobs/<job_id>/confirm", methods=["POST"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(202, JobSchema)
@blueprint.alt_response(200, schema=JobSchema, description="Finished (Prefer: wait), or an emergency answered at once")
@blueprint.alt_response(404, description="No such job", **PROBLEM)
@blueprint.alt_response(409, description="Nothing to confirm, confirmed before, or the session is ending", **PROBLEM)
@blueprint.alt_response(429, description="Too many messages", **PROBLEM)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY, PREFER, CANCEL_AFTER, WAIT])
@escalates(_escalate)
@limited("RATE_LIMIT_MESSAGES_PER_HOUR")
@blueprint.arguments(ConfirmSchema, required=False)
def confirm_job(body: dict[str, Any], job_id: str) -> Response:
    """Say that a recording was heard rightly, or what was really said; answers with a job that `confirms` it.

    The new job goes on as the recording asked: with its metadata and webhook, and spoken if that was. Only a job whose
    `confirmation_needed` is true can be confirmed, and once.
    """
    job, wait = own_job(job_id), wait_seconds()
    text = body.get("text") or (job.transcript or {}).get("text")
    if not text:
        raise SubmitRefused("not_confirmable")
    check_length(body.get("text", ""))  # of a recording, its seconds are limited
    first_aid.look_at(text)
    if g.get("safety"):
        return _escalate(job_id)
    submission = Submission(
        type="message",
        input={"text": text},
        deadline_ms=deadline_seconds() * 1000,
        request_id=g.request_id,
        metadata=job.metadata,
        webhook=services().jobs.webhook(job),
        speak=job.speak,
        audio_format=job.audio_format,
        idempotency_key=idempotency_key(),
        confirms=job.id,
    )
    job_id, replayed = services().jobs.submit(own_session(job.session_id), submission)
    return job_response(job_id, created=True, replayed=replayed, wait=wait)
