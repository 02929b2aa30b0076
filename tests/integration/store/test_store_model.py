"""Random histories of the ledger, compared with a model of it after every step.

`make test` walks the same histories every time. Many more and longer ones, new at every run:
`make test ARGS="tests/integration/store/test_store_model.py --hypothesis-profile=long --timeout=0"`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from store import engine, keys
from store.hold import Hold, JobCancelled, JobLost
from store.job import TERMINAL
from store.job_errors import INTERNAL
from store.sessions import Session, SessionCapReached
from store.submission import Settled, SubmitRefused
from tests.integration.ledger_kit import AN_HOUR_MS, REPLY, Kit, submission
from tests.integration.ledger_model import LedgerModel, ModelJob
from tests.integration.ledger_promises import Stored, check

T = TypeVar("T")

RUNNING_CAP, VOICE_CAP, WAITING_CAP, MAX_ATTEMPTS, SESSIONS_PER_KEY = 2, 1, 4, 2, 3
KEY_IDS = ("key_a", "key_a", "key_a", "key_b")
LISTENER = "key_a"  # the one with a registered webhook endpoint
QUEUE_OF_CODE = {"m": keys.MESSAGES, "v": keys.VOICE}
SETTLED = Settled("escalated", "Please call 911 now.", [])

HOOK = "https://own.example/hook"

SUBMISSIONS: dict[str, dict[str, str]] = {
    "message": {},
    "voice": {"code": "v"},
    "reject": {"on_busy": "reject"},
    "cancel_previous": {"on_busy": "cancel_previous"},
    "settled": {"reply": SETTLED.reply},
    "with a webhook": {"webhook": HOOK},
    "settled, with a webhook": {"reply": SETTLED.reply, "webhook": HOOK},
    "keyed": {"idempotency_key": "k"},
    "keyed, other text": {"idempotency_key": "k", "text": "bye"},
    "keyed, settled": {"idempotency_key": "k", "reply": SETTLED.reply},
}
RELEASES: dict[str, dict[str, Any]] = {
    "release": {"delay_ms": 0, "waiting_for": "", "refund": False},
    "wait for the model": {"delay_ms": AN_HOUR_MS, "waiting_for": "model", "refund": True},
}

# How often each is drawn. One rule draws from these: as rules of their own, hypothesis would leave half of them out of
# every history, and hardly a job would come to its end.
HAPPENINGS = {
    "submit": 5,
    "deliver": 5,
    "write": 6,
    "take_back": 2,
    "a_lease_runs_out": 2,
    "comes_due": 3,
    "reap": 3,
    "fan_out": 2,
    "deliver_a_duplicate": 1,
    "messages_are_lost": 1,
    "erase_session": 1,
    "open_session": 1,
    "list_jobs": 1,
}
SENT = {"message": 6, "voice": 4, **dict.fromkeys(list(SUBMISSIONS)[2:], 1)}
WRITTEN = {"commit": 3, "progress": 2, "fail": 1, "renew": 1, **dict.fromkeys(RELEASES, 1)}


def weighted(weights: dict[str, int]) -> list[str]:
    return [name for name, weight in weights.items() for _ in range(weight)]


def word_of(write: Callable[[], None]) -> str:
    try:
        write()
    except JobCancelled:
        return "cancel"
    except JobLost:
        return "lost"
    return "ok"


class LedgerMachine(RuleBasedStateMachine):
    """What clients, workers, the reaper and time do. Workers keep their holds and may come back with them."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        kit.redis.flushall()
        self.kit = kit
        self.model = LedgerModel(
            running_cap=RUNNING_CAP,
            voice_cap=VOICE_CAP,
            waiting_cap=WAITING_CAP,
            max_attempts=MAX_ATTEMPTS,
            listener=LISTENER,
        )
        kit.listen(LISTENER)
        self.sessions: dict[str, Session] = {}
        self.holds: dict[str, Hold] = {}  # by job id and fence
        self.ended: dict[str, str] = {}
        self.erased: list[str] = []
        self.swept: list[str] = []
        for key_id in KEY_IDS:
            self._open(key_id)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        self._data = data
        possible = {
            "deliver": any(self.model.queues.values()),
            "write": self.holds,
            "take_back": self.some_jobs(),
            "a_lease_runs_out": self.leased(),
            "comes_due": self.unfinished(),
            "reap": self.model.due(),
            "fan_out": self.model.outbox(),
            "deliver_a_duplicate": self.some_jobs(),
            "messages_are_lost": sum(map(len, self.model.queues.values())) > 2,
            "erase_session": len(self.model.jobs) > 5,
            "open_session": len(self.model.sessions) < len(KEY_IDS),
        }
        name = self._choose(weighted({name: n for name, n in HAPPENINGS.items() if possible.get(name, True)}))
        getattr(self, name)()

    def _choose(self, options: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(options))

    # What there is to choose from: mostly what lives, and the newest of what is over

    def some_sessions(self) -> list[str]:
        gone = [session_id for session_id in self.sessions if session_id not in self.model.sessions]
        return [*self.model.sessions, *gone[-1:]]

    def unfinished(self) -> list[ModelJob]:
        return [job for job in self.model.jobs.values() if not job.over]

    def some_jobs(self) -> list[str]:
        return [job.id for job in self.unfinished()] + list(self.ended)[-2:]

    def leased(self) -> list[ModelJob]:
        return [job for job in self.unfinished() if job.leased]

    def some_holds(self) -> list[str]:
        valid = [name for name in self.holds if self._is_valid(self.holds[name])]
        return valid + [name for name in self.holds if name not in valid][-2:]

    def _is_valid(self, hold: Hold) -> bool:
        job = self.model.jobs.get(hold.job_id)
        return job is not None and job.taken and job.fence == hold.fence

    # Clients

    def open_session(self) -> None:
        key_id = self._choose(KEY_IDS)
        if len(self.model.sessions_of(key_id)) < SESSIONS_PER_KEY:
            self._open(key_id)
        else:
            with pytest.raises(SessionCapReached):
                self.kit.open(key_id)

    def _open(self, key_id: str) -> None:
        session = self.kit.open(key_id)
        self.model.open(session.id, key_id)
        self.sessions[session.id] = session

    def submit(self) -> None:
        session_id, what = self._choose(self.some_sessions()), self._choose(weighted(SENT))
        fields = {"code": "m", "text": "hello", "on_busy": "enqueue", "idempotency_key": "", "reply": "", "webhook": ""}
        fields.update(SUBMISSIONS[what])
        session = self.kit.sessions.get(session_id) or self.sessions[session_id]
        expected = self.model.submit(session_id, session.key_id, **fields)
        note(f"submit {what}: {expected}")
        settled = SETTLED if fields.pop("reply") else None
        webhook = {"url": HOOK} if fields.pop("webhook") else None
        spoken: dict[str, Any] = {"type": "voice", "audio": b"RIFF"} if fields.pop("code") == "v" else {}
        try:
            answer, _ = self.kit.jobs.submit(session, submission(**fields, **spoken, webhook=webhook), settled)
        except SubmitRefused as refused:
            answer = refused.reason
        assert answer == expected

    def take_back(self) -> None:
        job_id, how = self._choose(self.some_jobs()), self._choose(["cancel", "cancel", "erase"])
        note(f"{how} {job_id}")
        if job_id not in self.model.jobs:
            return
        if how == "cancel":
            self.kit.cancel(job_id)
            self.model.cancel(job_id)
        else:
            job = self.kit.job(job_id)
            receipt = self.kit.jobs.erase(job, self.sessions[job.session_id])
            self._erased(job_id, receipt, self.model.erase_job(job_id))

    def erase_session(self) -> None:
        session_id, by_the_sweep = self._choose(self.some_sessions()), self._choose([False, True])
        note(f"erase {session_id}{' by the sweep' if by_the_sweep else ''}")
        expected = self.model.erase(session_id, swept=by_the_sweep)
        if by_the_sweep:
            self.kit.end_session(self.sessions[session_id])
            assert self.kit.sessions.sweep() == (expected is not None)
            self.swept += [session_id.removeprefix("sess_")] * (expected is not None)
            return
        receipt = self.kit.sessions.erase(session_id)
        self._erased(session_id.removeprefix("sess_"), receipt, expected)

    def _erased(self, mark: str, receipt: dict[str, int] | None, expected: dict[str, int] | None) -> None:
        assert (receipt is None) == (expected is None)
        if receipt is not None and expected is not None:
            assert {name: receipt[name] for name in expected} == expected
            self.erased.append(mark)

    def list_jobs(self) -> None:
        key_id = self._choose(KEY_IDS)
        listed, _ = self.kit.jobs.list(key_id, session_id=None, status=None, limit=1000, cursor=None)
        mine = [job for job in self.model.jobs.values() if job.session.key_id == key_id]
        assert [(job.id, job.status, job.queue_position) for job in listed] == [
            (job.id, job.status, self.model.queue_position(job)) for job in reversed(mine)
        ]
        asked = {job.id: job.cancel["stage"] or "" for job in listed if job.cancel}
        assert asked == {job.id: job.cancel_stage for job in mine if job.cancel_stage is not None}

    # Workers

    def deliver(self) -> None:
        code = self._choose([code for code, queue in self.model.queues.items() if queue])
        self.kit.redis.rpop(QUEUE_OF_CODE[code])
        self._claim(self.model.queues[code].pop(0))

    def deliver_a_duplicate(self) -> None:
        self._claim(self._choose(self.some_jobs()))

    def _claim(self, job_id: str) -> None:
        hold, job = self.kit.ledger.claim(job_id), self.model.claim(job_id)
        note(f"claim {job_id}: {'nothing to do' if job is None else f'fence {job.fence}'}")
        assert (hold is None) == (job is None)
        if hold is not None and job is not None:
            assert (hold.fence, hold.attempt, hold.waits) == (job.fence, job.attempts, job.waits)
            assert (hold.input, hold.state) == ({"text": job.text}, job.session.state)
            self.holds[f"{job_id}, fence {hold.fence}"] = hold

    def write(self) -> None:
        name, what = self._choose(self.some_holds()), self._choose(weighted(WRITTEN))
        note(f"{what} by the holder of {name}")
        hold = self.holds[name]
        mine = hold.job_id, hold.fence
        if what == "progress":
            word = word_of(lambda: hold.progress(stage="generating", event={"type": "token"}, calls=1, speech=b"ID3"))
            assert word == self.model.progress(*mine, stage="generating")
        elif what == "commit":
            state = {"last": hold.job_id}
            word = word_of(lambda: self.kit.commit(hold, said=hold.input["text"], state=state))
            assert word == self.model.commit(*mine, reply=REPLY, state=state)
        elif what == "fail":
            assert word_of(lambda: hold.fail(INTERNAL)) == self.model.fail(*mine, error=INTERNAL.code)
        elif what == "renew":
            assert [self.model.renew(*mine)] == [word.value.decode() for word in self.kit.ledger.renew([hold])]
        else:
            assert word_of(lambda: hold.release(**RELEASES[what])) == self.model.release(*mine, **RELEASES[what])

    # Time, the reaper, and accidents

    def a_lease_runs_out(self) -> None:
        job = self._choose(self.leased())
        note(f"the lease of {job.id} runs out")
        self.kit.end_lease(job.id)
        job.leased = False

    def comes_due(self) -> None:
        job, what = self._choose(self.unfinished()), self._choose(["dispatch", "dispatch", "deadline"])
        note(f"the {what} of {job.id} comes due")
        if what == "deadline":
            self.kit.end_deadline(job.id)
            job.overdue = True
        elif job.admitted and not job.taken:
            self.kit.end_dispatch_interval(job.id)
            job.due = True

    def reap(self) -> None:
        expected = self.model.reap()
        note(f"reap: {expected}")
        assert self.kit.ledger.reap() == expected

    def fan_out(self) -> None:
        job_id = self._choose(self.model.outbox())
        note(f"fan out {job_id}")
        assert self.kit.outbox.fan_out(job_id) == self.model.fan_out(job_id)
        assert self.kit.outbox.fan_out(job_id) == 0

    def messages_are_lost(self) -> None:
        note("the messages of both queues are lost")
        self.kit.redis.delete(keys.MESSAGES, keys.VOICE)
        for queue in self.model.queues.values():
            queue.clear()

    # What must be true after each of these

    @invariant()
    def every_promise_holds_and_the_model_agrees(self) -> None:
        stored = Stored(self.kit.redis)
        marks = {"erased": self.erased, "swept": self.swept}
        check(stored, running_cap=RUNNING_CAP, voice_cap=VOICE_CAP, ended=self.ended, **marks)
        self.ended.update({job_id: status for job_id, status in stored.status.items() if status in TERMINAL})
        assert self._seen(stored) == self.model.view()

    def _seen(self, stored: Stored) -> dict[str, Any]:
        """In the form of `LedgerModel.view`."""
        open_now = list(stored.under("rr:session:"))
        turns = {id_: self.kit.history.read(self.sessions[id_]) for id_ in open_now}
        jobs = {}
        for job_id, record in stored.jobs.items():
            texts = {name: record.get(name.encode(), b"").decode() for name in ("status", "stage", "error")}
            counts = {name: int(record.get(name.encode(), 0)) for name in ("attempts", "fence", "calls", "waits")}
            jobs[job_id] = {**texts, **counts, "events": stored.values.get(keys.events(job_id), 0)}
        return {
            "jobs": jobs,
            "lines": {id_: stored.lines.get(id_, []) for id_ in open_now},
            "admitted": stored.index("rr:running:"),
            "history": {id_: [(turn.role, turn.text, turn.job_id) for turn in turns[id_]] for id_ in open_now},
            "queues": {code: stored.queue(name) for code, name in QUEUE_OF_CODE.items()},
            "idempotency": sorted(known[b"job"].decode() for known in stored.under("rr:idempotency:").values()),
            "ends": {id_: event[b"status"].decode() for id_, event in stored.under("rr:webhook_event:").items()},
            "outbox": stored.index(keys.OUTBOX),
            "deliveries": sorted(record[b"job_id"].decode() for record in stored.under("rr:delivery:").values()),
        }

    def teardown(self) -> None:
        """Whatever happened: with workers that work, everything comes to its end."""
        stored = Stored(self.kit.redis)
        for _ in range(len(self.unfinished())):
            for job_id in stored.index(keys.LEASES):
                self.kit.end_lease(job_id)
            for job_id in stored.index(keys.DISPATCH):
                self.kit.end_dispatch_interval(job_id)
            self.kit.ledger.reap()
            waiting = {*self.kit.messages(), *self.kit.messages(keys.VOICE)}
            self.kit.redis.delete(keys.MESSAGES, keys.VOICE)
            for job_id in waiting:
                hold = self.kit.ledger.claim(job_id)
                if hold:
                    self.kit.commit(hold)
            stored = Stored(self.kit.redis)
        assert set(stored.status.values()) <= TERMINAL, "some job never ends"


def test_the_ledger_behaves_like_its_model(make_kit: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch) -> None:
    # Time passes only where a rule says so, and ids rise in order of opening, so that a history can be repeated.
    for interval in ("LEASE_MS", "REDISPATCH_MS"):
        monkeypatch.setattr(engine, interval, AN_HOUR_MS)
    numbers = count(1)
    monkeypatch.setattr("secrets.token_hex", lambda size: f"{next(numbers):0{2 * size}x}")
    kit = make_kit(
        max_running_jobs_per_api_key=RUNNING_CAP,
        rate_limit_voice_concurrent=VOICE_CAP,
        max_waiting_jobs_per_api_key=WAITING_CAP,
        job_max_attempts=MAX_ATTEMPTS,
        max_sessions_per_api_key=SESSIONS_PER_KEY,
        offline=False,  # so that jobs have a price
    )
    run_state_machine_as_test(lambda: LedgerMachine(kit))  # type: ignore[arg-type]  # a factory will do
