"""Breaking things at the right moment: the workers are frozen for a few milliseconds, looked at, and struck."""

from __future__ import annotations

import random
import signal
import time

from redis.exceptions import RedisError

from bench.chaos.load import Load
from bench.chaos.models import Models
from bench.chaos.plan import PROCESS_FAULTS, STOP_SECONDS, Saying, Strike
from bench.chaos.processes import MESSAGE_WORKERS, WORKERS, Holders, Processes, children, send
from bench.chaos.record import Record
from bench.chaos.watch import Sight, Watch
from store import keys
from store.client import connect
from store.envelope import RUN_JOB, template

AIM_SECONDS = 25
_BAIT_SECONDS = 1.5
# News comes as a stage begins. In these a call to the model is under way soon after, and that is when it hurts:
# a worker stopped there comes back with an answer in its hands, and to a job that is somebody else's.
_DEEP_SECONDS = {"transcribing": 0.3, "generating": 0.05, "speaking": 0.2}
_FIXED = {
    "beat killed": "beat",
    "Valkey killed": "valkey",
    "model server killed": "offline",
    "delivery worker killed": "deliveries",
}
_TEXT = "What can I do on a rainy day?"


class Striker:
    """Carries out one strike after the other."""

    def __init__(
        self,
        *,
        processes: Processes,
        holders: Holders,
        watch: Watch,
        load: Load,
        models: Models,
        record: Record,
        redis_url: str,
        rng: random.Random,
    ) -> None:
        self._processes, self._holders, self._watch = processes, holders, watch
        self._load, self._models, self._record, self._rng = load, models, record, rng
        self._redis = connect(redis_url)
        self._envelopes = 0

    def strike(self, strike: Strike) -> bool:
        """Wait for the moment, strike, and let things settle. False: the moment did not come."""
        if strike.kind == "finished job's message doubled":
            self._double_finished()
            return True
        sights = self._aim(strike)
        if sights is None:
            self._processes.thaw()
            self._record.write("missed", kind=strike.kind, stage=strike.stage)
            return False
        target = self._target(strike, sights)
        hit = [sight for sight in sights if self._is_hit(target, sight)]
        if strike.kind == "running job's message doubled":
            hit = [sight for sight in hit if sight.stage == strike.stage]
        self._act(strike.kind, target, hit)
        self._record.write(
            "fault",
            kind=strike.kind,
            target=target,
            stages=sorted({sight.stage for sight in hit}),
            running=[sight.job_id for sight in hit if sight.stage != "queued"],
        )
        self._processes.thaw(but=target if strike.kind.endswith("worker stopped") else "")
        if strike.kind.endswith("worker stopped"):
            self.rest(STOP_SECONDS)
            self._processes.send(target, signal.SIGCONT)
            self._record.write("continued", target=target)
        self.rest(PROCESS_FAULTS[strike.kind][1])
        return True

    def rest(self, seconds: float) -> None:
        """Wait, while the supervisor is kept at its work."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(1, left))
            self._processes.refresh()

    def _aim(self, strike: Strike) -> list[Sight] | None:
        """All unfinished jobs with the workers frozen, one of them where it is wanted."""
        give_up, next_bait = time.monotonic() + AIM_SECONDS, 0.0
        self._processes.refresh()
        while time.monotonic() < give_up:
            if time.monotonic() > next_bait:
                self._bait(strike)
                next_bait = time.monotonic() + _BAIT_SECONDS
                self._processes.refresh()
            self._watch.news.wait(0.05)
            self._watch.news.clear()
            time.sleep(self._rng.uniform(0, _DEEP_SECONDS.get(strike.stage, 0)))
            self._processes.freeze()
            sights = self._watch.look()
            if any(sight.stage == strike.stage for sight in sights):
                time.sleep(0.03)  # the supervisor writes down what the workers said
                self._holders.read()
                if self._target(strike, sights):
                    return sights
            self._processes.thaw()
            time.sleep(0.002)
        return None

    def _bait(self, strike: Strike) -> None:
        voice = strike.kind.startswith("voice") or strike.stage == "transcribing"
        self._load.bait(Saying(_TEXT, voice=voice, speak=strike.stage == "speaking"), self._rng)

    def _target(self, strike: Strike, sights: list[Sight]) -> str:
        """Whom to strike so that a job in the wanted stage is hit; "" = nobody fits."""
        if strike.kind in _FIXED:
            return _FIXED[strike.kind]
        if strike.kind.startswith("web"):
            return "web"
        if strike.kind.startswith("running"):
            return "queue"
        wanted = ("voice",) if strike.kind.startswith("voice") else MESSAGE_WORKERS
        if strike.stage == "queued":
            return wanted[0]
        holding = (self._holders.of.get(sight.job_id) for sight in sights if sight.stage == strike.stage)
        return next((name for name in holding if name and name in wanted), "")

    def _is_hit(self, target: str, sight: Sight) -> bool:
        """A worker's fault meets what that worker holds; any other meets everybody."""
        return target not in WORKERS or sight.stage == "queued" or self._holders.of.get(sight.job_id) == target

    def _act(self, kind: str, target: str, hit: list[Sight]) -> None:
        if kind == "running job's message doubled":
            self._double(hit[0].job_id)
        elif kind == "web worker killed":
            send(self._rng.choice(children(self._processes.pid("web")) or [0]), signal.SIGKILL)
        elif kind == "model server killed":
            self._models.sample()
            self._processes.kill_with_children(target)
            self._models.died()
        elif not kind.endswith("worker stopped"):  # a stopped one is frozen already
            self._processes.send(target, signal.SIGKILL)

    def _double_finished(self) -> None:
        ended = [entry["job"] for entry in self._record.of("ended") if entry["job"] in self._load.promises]
        if ended:
            job_id = self._rng.choice(ended)
            self._double(job_id)
            self._record.write("fault", kind="finished job's message doubled", stages=["finished"], job=job_id)

    def _double(self, job_id: str) -> None:
        """The same message once more, as a broker that delivers at least once may send it."""
        self._envelopes += 1
        voice = self._load.promises[job_id].saying.voice
        queue = keys.VOICE if voice else keys.MESSAGES
        tag = f"{job_id}.chaos{self._envelopes}"
        envelope = template()
        for place, word in {"@TASK@": RUN_JOB, "@ID@": job_id, "@TAG@": tag, "@QUEUE@": queue}.items():
            envelope = envelope.replace(place, word)
        try:
            with self._redis.pipeline() as pipe:
                pipe.lpush(queue, envelope).execute()
        except RedisError:
            self._record.write("missed", kind="message doubled", stage="")

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()
