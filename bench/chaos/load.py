"""The people: they open sessions, send messages in order, and remember every job they were promised."""

from __future__ import annotations

import queue
import random
import threading
import time
from dataclasses import dataclass, field

from bench.chaos.api import Api, GaveUp
from bench.chaos.plan import Saying, Scale
from bench.chaos.record import Record

SENDERS = 4
IN_FLIGHT = 30


@dataclass
class Session:
    """A conversation of one API key, and the jobs accepted in it, in order."""

    id: str
    key: str
    jobs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Promise:
    """A job that was accepted. `key` is the API key, `idempotency` the request's own."""

    job_id: str
    session: Session
    saying: Saying
    idempotency: str


class Load:
    """Sends sayings; each session belongs to one sending thread, so that its order of arrival is known."""

    def __init__(self, base_url: str, record: Record, recording: bytes, seed: int) -> None:
        self._base_url, self._record, self._recording, self._seed = base_url, record, recording, seed
        self._queues: list[queue.Queue[tuple[Session, Saying] | None]] = [queue.Queue() for _ in range(SENDERS)]
        self._threads = [threading.Thread(target=self._send, args=(line,), daemon=True) for line in self._queues]
        self._lock = threading.Lock()
        self._outstanding: set[str] = set()
        self._sent = 0
        self.sessions: list[Session] = []
        self.promises: dict[str, Promise] = {}
        self.broken_promises: list[str] = []  # one key, two jobs; or a refusal that nothing explains

    def open(self, scale: Scale, keys: tuple[str, ...], receiver: str) -> None:
        """Have each key's events sent to a receiver, open the sessions and start sending."""
        api = Api(self._base_url, self._record)
        for key in keys:
            api.insist("POST", "/webhook-endpoints", key, json={"url": receiver}).raise_for_status()
        for number in range(scale.sessions):
            key = keys[number % len(keys)]
            self.sessions.append(Session(api.insist("POST", "/sessions", key).json()["session_id"], key))
        api.close()
        for thread in self._threads:
            thread.start()

    def say(self, session: Session, saying: Saying) -> None:
        """Put a message into the hands of the session's sender."""
        self._queues[self.sessions.index(session) % SENDERS].put((session, saying))

    def pace(self, sayings: list[Saying], seconds: float, rng: random.Random, stop: threading.Event) -> None:
        """Send all of these, spread over the time, but never more than `IN_FLIGHT` at once."""
        for saying in sayings:
            while not stop.is_set() and self.in_flight() >= IN_FLIGHT:
                time.sleep(0.05)
            if stop.is_set():
                return
            self.say(rng.choice(self.sessions), saying)
            stop.wait(seconds / len(sayings))

    def bait(self, saying: Saying, rng: random.Random) -> None:
        """Send one more, where nothing stands in its way."""
        busy = {self.promises[job].session.id for job in self.outstanding()}
        idle = [session for session in self.sessions if session.id not in busy]
        self.say(rng.choice(idle or self.sessions), saying)

    def outstanding(self) -> list[str]:
        """Jobs that were accepted and are not over."""
        with self._lock:
            return list(self._outstanding)

    def over(self, job_id: str) -> None:
        """This job has ended."""
        with self._lock:
            self._outstanding.discard(job_id)

    def in_flight(self) -> int:
        """How many jobs are under way or about to be sent."""
        return len(self.outstanding()) + sum(line.qsize() for line in self._queues)

    def finish(self) -> None:
        """Return when everything was sent."""
        for line in self._queues:
            line.put(None)
        for thread in self._threads:
            thread.join()

    def _send(self, line: queue.Queue[tuple[Session, Saying] | None]) -> None:
        api = Api(self._base_url, self._record)
        while (item := line.get()) is not None:
            self._promised(api, *item)
        api.close()

    def _promised(self, api: Api, session: Session, saying: Saying) -> None:
        with self._lock:
            self._sent += 1
            idempotency = f"chaos-{self._seed}-{self._sent}"
        try:
            answer = self.post(api, session, saying, idempotency)
        except GaveUp:
            self.broken_promises.append("a POST found no service for a minute")
            return
        if answer is None:
            return
        with self._lock:
            if answer in self.promises:
                self.broken_promises.append(f"{answer} was promised for two requests")
            self.promises[answer] = Promise(answer, session, saying, idempotency)
            session.jobs.append(answer)
            if not saying.grave:
                self._outstanding.add(answer)

    def post(self, api: Api, session: Session, saying: Saying, idempotency: str) -> str | None:
        """Send one message until it is accepted; the job's id."""
        speak = "true" if saying.speak else "false"
        path = f"/sessions/{session.id}/"
        headers = {"Idempotency-Key": idempotency}
        if saying.voice:
            files = {"audio": ("speech.wav", self._recording, "audio/wav")}
            answer = api.insist(
                "POST", path + "voice-chat", session.key, headers=headers, files=files, data={"speak": speak}
            )
        else:
            body = {"text": saying.text, "speak": saying.speak}
            answer = api.insist("POST", path + "messages", session.key, headers=headers, json=body)
        if answer.status_code not in {200, 202}:
            self.broken_promises.append(f"a POST was refused with {answer.status_code}: {answer.text[:200]}")
            return None
        return str(answer.json()["id"])
