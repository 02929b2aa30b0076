"""One run: a stack, people, breakage, and the verdict."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from pathlib import Path

from bench.chaos import findings, plan, verdict
from bench.chaos.listener import Listener
from bench.chaos.load import Load
from bench.chaos.models import Models
from bench.chaos.plan import Scale, Strike
from bench.chaos.processes import Holders, Processes
from bench.chaos.record import Record
from bench.chaos.spare import NAME, Spare
from bench.chaos.strikes import Striker
from bench.chaos.verdict import Verdict
from bench.chaos.watch import Watch
from local import env_file
from local.stack import Stack, running

API_KEYS = tuple(f"chaos-key-{number}" for number in range(1, 5))
_PLENTY = "1000000"
_SPOKEN = "I would like to walk more, but my knees feel stiff in the morning."
_TRIES = 3
_FAILS = 0.1  # share of webhooks that are answered with 500


def run(scale: Scale, seed: int, data_dir: Path) -> Verdict:
    """Everything, from an empty folder to the verdict."""
    listener = Listener(_FAILS, _rng(seed, "listener"))
    env = env_file.generated() | {
        "API_KEYS": ",".join(API_KEYS),
        "RATE_LIMIT_SESSIONS_PER_HOUR": _PLENTY,
        "RATE_LIMIT_MESSAGES_PER_HOUR": _PLENTY,
        "RATE_LIMIT_VOICE_PER_HOUR": _PLENTY,
        "MAX_HISTORY_MESSAGES": "10000",
        "JOB_DEADLINE_SECONDS": str(scale.deadline_seconds),
        "JOB_MAX_ATTEMPTS": "6",
        "WORKER_SLOTS": "20",
        "WEBHOOK_ALLOW_HTTP_HOSTS": f"127.0.0.1:{listener.port}",
        "WEBHOOK_RETRY_SECONDS": "1,1,2,2,4,4,8,8,16,16",
    }
    record = Record(data_dir / "chaos.jsonl")
    with running(data_dir, env, faults=True) as stack:
        spare = Spare(stack.settings, env, stack.supervisor.log_dir / f"{NAME}.log")
        try:
            return _trial(scale, seed, stack=stack, spare=spare, record=record, listener=listener)
        finally:
            spare.close()
            listener.close()
            record.close()


def _trial(scale: Scale, seed: int, *, stack: Stack, spare: Spare, record: Record, listener: Listener) -> Verdict:
    models = Models(stack.settings, record)
    recording = models.speak(_SPOKEN, stack.settings.openai_speech_model)
    models.forget()
    record.write("started")
    load = Load(stack.base_url, record, recording, seed)
    load.open(scale, API_KEYS, f"http://127.0.0.1:{listener.port}/")
    watch = Watch(stack.settings.redis_url, load, record)
    holders = Holders(stack.supervisor.log_dir)
    striker = Striker(
        processes=Processes(stack, spare),
        holders=holders,
        watch=watch,
        load=load,
        models=models,
        record=record,
        redis_url=stack.settings.redis_url,
        rng=_rng(seed, "aim"),
    )
    calm = threading.Event()
    sayings, faults = plan.sayings(scale, _rng(seed, "sayings")), plan.model_faults(scale, _rng(seed, "model faults"))
    jobs = [
        threading.Thread(target=load.pace, args=(sayings, scale.seconds, _rng(seed, "pace"), calm), daemon=True),
        threading.Thread(target=models.trouble, args=(faults, scale.seconds, calm, _rng(seed, "trouble")), daemon=True),
    ]
    for job in jobs:
        job.start()
    ends = time.monotonic() + scale.seconds
    _strike_all(striker, plan.strikes(scale, _rng(seed, "strikes")), ends + scale.overtime)
    jobs[0].join(max(0.0, ends + scale.overtime - time.monotonic()))
    calm.set()
    for job in jobs:
        job.join()
    models.calm()
    load.finish()
    record.write("calm", outstanding=len(load.outstanding()))
    _drain(scale, load, watch, striker)
    record.write("drained")
    models.sample()
    holders.read()
    watch.close()
    found = findings.collect(stack.base_url, stack.settings.redis_url, load, record)
    _hear_out(listener, found, striker)
    striker.close()
    found.told = dict(listener.heard)
    return verdict.judge(scale, load, found, record, waited=holders.waited, calls=models.calls)


def _strike_all(striker: Striker, planned: list[Strike], give_up: float) -> None:
    """One after the other; one whose moment did not come is tried again at the end."""
    left = deque((strike, 1) for strike in planned)
    while left and time.monotonic() < give_up:
        strike, tries = left.popleft()
        if not striker.strike(strike) and tries < _TRIES:
            left.append((strike, tries + 1))


def _drain(scale: Scale, load: Load, watch: Watch, striker: Striker) -> None:
    """Return when every job is over, or should long have been."""
    give_up = time.monotonic() + scale.deadline_seconds + verdict.GRACE_SECONDS
    while load.outstanding() and time.monotonic() < give_up:
        striker.rest(1)
        watch.look()


def _hear_out(listener: Listener, found: findings.Findings, striker: Striker) -> None:
    """Return when the receiver was told of every job, or should long have been."""
    give_up = time.monotonic() + verdict.TELL_SECONDS
    while found.jobs.keys() - listener.heard.keys() and time.monotonic() < give_up:
        striker.rest(1)


def _rng(seed: int, what: str) -> random.Random:
    """A source of its own for each use, so that one thread's haste changes nothing for another."""
    return random.Random(f"{seed} {what}")  # noqa: S311 (a schedule, no secret)
