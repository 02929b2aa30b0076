"""Jobs: list them, look at one, wait for it, cancel it, erase it."""

from __future__ import annotations

import re
import time
from typing import Any

from flask import Response, g, jsonify, make_response, request
from flask_smorest import Blueprint

from store.job import Job
from web.auth import check_still_allowed
from web.bodies import BodyParser
from web.errors import PROBLEM, ApiError, not_found
from web.headers import KEY_OR_TOKEN, PREFER, WAIT
from web.job_schemas import JobListQuery, JobListSchema, JobSchema, job_body
from web.schemas import ErasedSchema
from web.services import own_session, services

blueprint = Blueprint("jobs", __name__, description="What became of a message")
blueprint.ARGUMENTS_PARSER = BodyParser()

LONGEST_WAIT_SECONDS = 60
POLL_SECONDS = 1
KEY_SECONDS = 3.5  # who waits with a revoked key is refused within 5 s
_LOOK_AGAIN_SECONDS = 15.0  # a wake-up may be lost: look again now and then
_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?")


@blueprint.route("/jobs", methods=["GET"])
@blueprint.response(200, JobListSchema)
@blueprint.arguments(JobListQuery, location="query")
def list_jobs(query: dict[str, Any]) -> Response:
    """Your jobs, newest first. A page may be shorter than `limit` and still have a `next_cursor`."""
    jobs, next_cursor = services().jobs.list(g.api_key.id, **query)
    return jsonify({"data": [_body(job) for job in jobs], "next_cursor": next_cursor})


@blueprint.route("/jobs/<job_id>", methods=["GET"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, JobSchema)
@blueprint.alt_response(404, description="No such job", **PROBLEM)
@blueprint.alt_response(422, description="Not a number of seconds to wait", **PROBLEM)
@blueprint.doc(parameters=[PREFER, WAIT])
def get_job(job_id: str) -> Response:
    """The job. `Prefer: wait=N` or `?wait=N` holds the answer until the job ends or N seconds (≤ 60) pass."""
    return jsonify(_body(_await(job_id, wait_seconds())))


@blueprint.route("/jobs/<job_id>/cancel", methods=["POST"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(202, JobSchema)
@blueprint.alt_response(200, schema=JobSchema, description="It is over")
@blueprint.alt_response(404, description="No such job", **PROBLEM)
def cancel_job(job_id: str) -> Response:
    """Ask for the end of a job; asking again changes nothing. No history is written for a cancelled job."""
    job = own_job(job_id)
    services().jobs.cancel(job, own_session(job.session_id))
    job = own_job(job_id)
    return make_response(jsonify(_body(job)), 200 if job.over else 202)


@blueprint.route("/jobs/<job_id>", methods=["DELETE"])
@blueprint.doc(security=KEY_OR_TOKEN)
@blueprint.response(200, ErasedSchema)
@blueprint.alt_response(404, description="No such job", **PROBLEM)
@blueprint.alt_response(409, description="It is not over yet", **PROBLEM)
def erase_job(job_id: str) -> Any:
    """Erase one finished job: its turn in the conversation, its events and its recordings."""
    job = own_job(job_id)
    receipt = services().jobs.erase(job, own_session(job.session_id))
    if receipt is None:
        detail = "This job is not over yet. Cancel it first (POST /jobs/{id}/cancel), or wait for its end."
        raise ApiError(409, "job_running", detail)
    return {"message": "Job erased", "erased": receipt}


def job_response(job_id: str, *, created: bool, replayed: bool, wait: float = 0.0) -> Response:
    """The answer to a POST: 202 and where to look, or 200 with the result if the job is over by then."""
    job = _await(job_id, wait)
    response = make_response(jsonify(_body(job)), 202 if created and not job.over else 200)
    response.headers["Location"] = f"/jobs/{job.id}"
    if not job.over:
        response.headers["Retry-After"] = str(POLL_SECONDS)
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def wait_seconds() -> float:
    """How long the client wants to wait: `Prefer: wait=N` (RFC 7240) or `?wait=N`, at most 60 s."""
    match = _PREFER_WAIT.search(request.headers.get("Prefer", ""))
    given = match[1] if match else request.args.get("wait", "0")
    if not given.isdecimal():
        raise ApiError(422, "invalid_wait", "wait must be a whole number of seconds from 0 to 60.")
    return min(float(given), LONGEST_WAIT_SECONDS)


def own_job(job_id: str) -> Job:
    """The caller's job, or 404: the same for a foreign one as for an unknown one."""
    job = services().jobs.get(job_id, g.api_key.id)
    if job is None:
        raise not_found("job")
    return job


def _await(job_id: str, seconds: float) -> Job:
    if seconds <= 0:
        return own_job(job_id)
    ends, look_at = time.monotonic() + seconds, 0.0
    with services().notifications.watch(job_id) as news:
        while True:
            now = time.monotonic()
            if news.is_set() or now >= min(look_at, ends):
                news.clear()
                job = own_job(job_id)
                if job.over or now >= ends:
                    return job
                look_at = now + _LOOK_AGAIN_SECONDS
            services().notifications.wait(news, max(0.0, min(KEY_SECONDS, ends - now)))
            check_still_allowed()


def _body(job: Job) -> dict[str, object]:
    return job_body(job, has_speech=job.over and services().jobs.has_speech(job))
