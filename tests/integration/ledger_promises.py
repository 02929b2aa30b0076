"""What must hold of everything in Redis at any moment, whatever happened before; it needs no model to say so."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

from store import keys
from store.job import TERMINAL

TAKEN = frozenset({"in_progress", "cancelling"})
_ON_THEIR_WAY = (keys.OUTBOX, "rr:webhook_event:", "rr:delivery:", "rr:deliveries:", "rr:due:", "rr:sending:")
_READS = {b"hash": "hgetall", b"stream": "xlen", b"string": "strlen"}


class Stored:
    """One look at Redis: hashes, members of indexes, streams and strings by their length."""

    def __init__(self, redis: Any) -> None:
        names = list(redis.scan_iter())
        with redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.type(name)
            kinds = pipe.execute()
            for name, kind in zip(names, kinds, strict=True):
                if kind in _READS:
                    getattr(pipe, _READS[kind])(name)
                else:
                    (pipe.zrange if kind == b"zset" else pipe.lrange)(name, 0, -1)
            self.values = {name.decode(): value for name, value in zip(names, pipe.execute(), strict=True)}
        self.audio_held = int(redis.get(keys.AUDIO_HELD) or 0)
        self.jobs = self.under("rr:job:")
        self.status = {job_id: record[b"status"].decode() for job_id, record in self.jobs.items()}
        self.lines = {session_id: _job_ids(line) for session_id, line in self.under("rr:line:").items()}

    def under(self, prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): value for name, value in self.values.items() if name.startswith(prefix)}

    def index(self, prefix: str) -> list[str]:
        """The jobs in an index, or in all API keys' indexes of a kind."""
        found = [_job_ids(members) for name, members in self.values.items() if name.startswith(prefix)]
        return sorted(chain.from_iterable(found))

    def queue(self, name: str) -> list[str]:
        """The jobs of the messages in a Celery queue, the next one to be taken first."""
        return [json.loads(json.loads(raw)["body"])[0][0] for raw in reversed(self.values.get(name, []))]


def check(
    stored: Stored,
    *,
    running_cap: int,
    voice_cap: int,
    ended: dict[str, str],
    erased: list[str],
    swept: list[str],
) -> None:
    """Assert every promise; `ended` is how jobs were seen to end before, `erased` names sessions and jobs.

    Of the sessions in `swept` nothing is left but what is on its way to webhook receivers.
    """
    _one_job_of_a_session_runs_and_the_others_wait_in_order(stored)
    _every_unfinished_job_is_on_its_way_and_no_other_is_in_an_index(stored)
    _no_api_key_has_more_slots_than_its_caps(stored, running_cap, voice_cap)
    _history_holds_each_completed_job_once_in_order(stored)
    _what_is_reserved_and_held_is_that_of_unfinished_jobs(stored)
    for job_id, status in ended.items():
        assert stored.status.get(job_id, status) == status, f"{job_id} ended as {status}"
    rest = {name: repr((name, value)) for name, value in stored.values.items() if name not in keys.QUEUES}
    _nothing_is_left_of(erased, "".join(rest.values()))
    _nothing_is_left_of(swept, "".join(text for name, text in rest.items() if not name.startswith(_ON_THEIR_WAY)))


def _nothing_is_left_of(marks: list[str], rest: str) -> None:
    for mark in marks:
        assert not re.search(rf"{mark}(?!\d)", rest), f"{mark} was erased"


def _job_ids(members: list[bytes]) -> list[str]:
    return [member.decode().rpartition(":")[2] for member in members]


def _one_job_of_a_session_runs_and_the_others_wait_in_order(stored: Stored) -> None:
    for line in stored.lines.values():
        taken = [job_id for job_id in line if stored.status[job_id] in TAKEN]
        assert taken in ([], line[:1]), f"of {line}, {taken} run"
        numbers = [int(job_id.rpartition("_")[2]) for job_id in line]
        assert numbers == sorted(numbers)


def _every_unfinished_job_is_on_its_way_and_no_other_is_in_an_index(stored: Stored) -> None:
    unfinished = sorted(job_id for job_id, status in stored.status.items() if status not in TERMINAL)
    taken = [job_id for job_id in unfinished if stored.status[job_id] in TAKEN]
    admitted = stored.index("rr:running:")
    assert sorted(chain.from_iterable(stored.lines.values())) == unfinished
    assert stored.index("rr:open:") == stored.index(keys.DEADLINES) == unfinished
    assert sorted(admitted + stored.index("rr:ready:")) == sorted(line[0] for line in stored.lines.values())
    assert stored.index(keys.LEASES) == taken
    assert stored.index(keys.DISPATCH) == [job_id for job_id in admitted if job_id not in taken]
    assert stored.index("rr:jobs:") == sorted(stored.jobs)
    spoken = [job_id for job_id in unfinished if stored.jobs[job_id][b"type"] == b"voice"]
    assert sorted(stored.under("rr:audio:")) == spoken


def _no_api_key_has_more_slots_than_its_caps(stored: Stored, running_cap: int, voice_cap: int) -> None:
    running = stored.under("rr:running:")
    for key_id in {name.rpartition(":")[0] for name in running}:
        voices = len(running.get(f"{key_id}:v", []))
        assert voices <= voice_cap
        assert voices + len(running.get(f"{key_id}:m", [])) <= running_cap


def _what_is_reserved_and_held_is_that_of_unfinished_jobs(stored: Stored) -> None:
    reserved = {key_id: int(counts.get(b"reserved", 0)) for key_id, counts in stored.under("rr:usage:").items()}
    unfinished = {job_id for job_id, status in stored.status.items() if status not in TERMINAL}
    assert {job_id for job_id, record in stored.jobs.items() if b"reserve" in record} == unfinished
    for job_id in unfinished:
        reserved[stored.jobs[job_id][b"key_id"].decode()] -= int(stored.jobs[job_id][b"reserve"])
    assert set(reserved.values()) <= {0}
    assert stored.audio_held == sum(stored.under("rr:audio:").values())


def _history_holds_each_completed_job_once_in_order(stored: Stored) -> None:
    turns: list[str] = []
    for history in stored.under("rr:history:").values():
        said = [entry.partition(b"|")[0].decode() for entry in history]
        assert said[::2] == said[1::2]
        moments = [int(stored.jobs[job_id][b"completed_at"]) for job_id in said]
        assert moments == sorted(moments)
        turns += said[::2]
    assert sorted(turns) == sorted(job_id for job_id, status in stored.status.items() if status == "completed")
