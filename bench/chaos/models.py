"""The offline model server's faults and call counts, which its own death wipes out."""

from __future__ import annotations

import random
import threading
from collections import Counter, deque

import httpx

from bench.chaos.plan import MODEL_FAULTS, STAGE_OF_PATH
from bench.chaos.record import Record
from config import Settings


class Models:
    """Asks for faults, and notes each in the run's log once a call has met it."""

    def __init__(self, settings: Settings, record: Record) -> None:
        root = settings.openai_base_url.removesuffix("/v1")
        headers = {"Authorization": f"Bearer {settings.openai_api_key}"}
        self._http = httpx.Client(base_url=root, headers=headers, timeout=10)
        self._record = record
        self._lock = threading.Lock()
        self._asked: dict[str, deque[str]] = {path: deque() for path in STAGE_OF_PATH}
        self._last: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def speak(self, text: str, model: str) -> bytes:
        """A recording of this text, as WAV."""
        body = {"input": text, "model": model, "voice": "alloy", "response_format": "wav"}
        answer = self._http.post("/v1/audio/speech", json=body)
        answer.raise_for_status()
        return answer.content

    def forget(self) -> None:
        """No fault waits any more, and no call was counted yet."""
        self._http.delete("/_faults").raise_for_status()

    def ask(self, path: str, kind: str) -> None:
        """Have the next call of this path go wrong."""
        with self._lock:
            self._asked[path].append(kind)
            try:
                self._http.post("/_faults", json={"path": path, "fault": MODEL_FAULTS[kind]}).raise_for_status()
            except httpx.HTTPError:
                self._asked[path].pop()

    def sample(self) -> None:
        """Note the calls so far and the faults met since the last time."""
        with self._lock:
            try:
                report = self._http.get("/_faults").raise_for_status().json()
            except httpx.HTTPError:
                return
            self._last = Counter(report["calls"])
            for path, asked in self._asked.items():
                while len(asked) > report["waiting"].get(path, 0):
                    self._record.write("fault", kind=asked.popleft(), stages=[STAGE_OF_PATH[path]])

    def calm(self) -> None:
        """No call goes wrong from now on."""
        self.sample()
        self.died()
        self.forget()

    def died(self) -> None:
        """The server was killed: what waited is gone, and counts begin at zero."""
        with self._lock:
            self._before += self._last
            self._last = Counter()
            for asked in self._asked.values():
                asked.clear()

    @property
    def calls(self) -> Counter[str]:
        """Calls by path that were seen; those between the last look and a kill are not among them."""
        return self._before + self._last

    def trouble(self, drawn: list[tuple[str, str]], seconds: float, stop: threading.Event, rng: random.Random) -> None:
        """Ask for all of these over the time, and again for those that nobody met."""
        pause = seconds / len(drawn)
        while not stop.is_set():
            path, kind = drawn.pop() if drawn else (rng.choice(list(STAGE_OF_PATH)), rng.choice(list(MODEL_FAULTS)))
            self.ask(path, kind)
            stop.wait(pause)
            self.sample()
