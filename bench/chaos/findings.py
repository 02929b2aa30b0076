"""What the service says when all is over, collected over HTTP: every job, every history, every promise once more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.chaos.api import Api
from bench.chaos.load import Load, Promise
from bench.chaos.record import Record
from store import keys
from store.client import connect

_OK, _NOT_FOUND = 200, 404
_REPLAYS = 40


@dataclass
class Findings:
    """`jobs` by id, None for one that is not there; `histories` by session id."""

    jobs: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    histories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    numbered: dict[str, int] = field(default_factory=dict)  # session -> how many jobs the ledger counts in it
    replayed_wrongly: list[str] = field(default_factory=list)
    told: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # job -> status and id of each event heard


def collect(base_url: str, redis_url: str, load: Load, record: Record) -> Findings:
    """Ask for everything."""
    api, found = Api(base_url, record), Findings()
    for promise in load.promises.values():
        answer = api.insist("GET", f"/jobs/{promise.job_id}", promise.session.key)
        found.jobs[promise.job_id] = answer.json() if answer.status_code == _OK else None
    for session in load.sessions:
        answer = api.insist("GET", f"/sessions/{session.id}/messages", session.key)
        found.histories[session.id] = answer.json()["data"] if answer.status_code == _OK else []
    promises = list(load.promises.values())
    for promise in promises[:: max(1, len(promises) // _REPLAYS)]:
        if (again := load.post(api, promise.session, promise.saying, promise.idempotency)) != promise.job_id:
            found.replayed_wrongly.append(f"{promise.job_id} came back as {again}")
    redis = connect(redis_url)
    found.numbered = {session.id: int(redis.hget(keys.session(session.id), "n") or 0) for session in load.sessions}
    redis.close()
    api.close()
    return found


def seconds(moment: str) -> float:
    """A time of the API as seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()


def doubled(found: Findings) -> list[str]:
    """Turns that do not stand in the history exactly once, user and assistant side by side; or stand there wrongly."""
    wrong = []
    for session, history in found.histories.items():
        for job, roles in _roles(history).items():
            state = found.jobs.get(job)
            if roles != ["user", "assistant"]:
                wrong.append(f"{job}: {' '.join(roles)} in the history of {session}")
            elif state is None or state["status"] != "completed":
                wrong.append(f"{job}: in the history, but {state and state['status']}")
        ids = [entry["job_id"] for entry in history]
        wrong += [f"{job}: its turn is torn apart" for job in set(ids[::2]) ^ set(ids[1::2])]
    return wrong


def missing(found: Findings) -> list[str]:
    """Answered jobs whose turn was not written."""
    written = {entry["job_id"] for history in found.histories.values() for entry in history}
    return [
        job
        for job, state in found.jobs.items()
        if state and state["status"] == "completed" and state["outcome"] != "no_speech" and job not in written
    ]


def out_of_order(found: Findings, promises: dict[str, Promise]) -> list[str]:
    """Turns that stand before an earlier one of their session; those answered on the spot do not wait in line."""
    wrong = []
    for history in found.histories.values():
        highest = 0
        for entry in history[::2]:
            job = entry["job_id"]
            if job in promises and promises[job].saying.grave:
                continue
            number = int(job.rsplit("_", 1)[1])
            if number < highest:
                wrong.append(job)
            highest = max(highest, number)
    return wrong


def changed_after_the_end(found: Findings, record: Record) -> list[str]:
    """Jobs that ended more than once, or are now something else than what they ended as."""
    words: dict[str, list[str]] = {}
    for entry in record.of("ended"):
        words.setdefault(entry["job"], []).append(entry["status"])
    wrong = [f"{job}: ended as {', then '.join(said)}" for job, said in words.items() if len(said) > 1]
    for job, state in found.jobs.items():
        if state and job in words and state["status"] != words[job][-1]:
            wrong.append(f"{job}: ended as {words[job][-1]}, is now {state['status']}")
    return wrong


def told_wrongly(found: Findings) -> list[str]:
    """Jobs whose end was told as another one, or under two ids."""
    wrong = []
    for job, events in found.told.items():
        state = found.jobs.get(job)
        if len({webhook_id for _, webhook_id in events}) > 1:
            wrong.append(f"{job}: told under two ids")
        if {status for status, _ in events} != {state and state["status"]}:
            wrong.append(f"{job}: told as {sorted({status for status, _ in events})}, is {state and state['status']}")
    return wrong


def _roles(history: list[dict[str, Any]]) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for entry in history:
        roles.setdefault(entry["job_id"], []).append(entry["role"])
    return roles


def endings(found: Findings) -> Counter[str]:
    """How many jobs ended how: a status, with the error's code where there is one."""
    return Counter(
        f"{state['status']} ({state['error']['code']})" if state["error"] else state["status"]
        for state in found.jobs.values()
        if state
    )
