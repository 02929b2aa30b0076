"""`python -m bench.voice.speed`: how long a spoken message takes, and twenty at once; about a minute.

Starts the whole service with the offline models. Prints the tables of docs/voice.md ("How fast"); exits 1 when a
recording is not answered.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from local.stack import Stack, running

TEXT = "I would like to walk a little more, but my knees are rather stiff in the morning."
REPEATS = 10
AT_ONCE = 20
ROUNDS = 4
NAMES = {
    "transcript": "the transcript",
    "written": "the written answer is complete",
    "audio": "the first part of the spoken answer",
    "done": "the spoken answer is complete",
}
_PLENTY = {
    name: "1000" for name in ("RATE_LIMIT_VOICE_PER_HOUR", "RATE_LIMIT_SESSIONS_PER_HOUR", "MAX_SESSIONS_PER_API_KEY")
}


def _recording(stack: Stack) -> bytes:
    """The text as Ogg Opus, which is what a browser or a phone would send."""
    answer = httpx.post(
        f"{stack.settings.openai_base_url}/audio/speech",
        headers={"Authorization": f"Bearer {stack.settings.openai_api_key}"},
        json={
            "input": TEXT,
            "model": stack.settings.openai_speech_model,
            "voice": "alloy",
            "response_format": "opus",
        },
    )
    return answer.raise_for_status().content


def _open(http: httpx.Client) -> str:
    return str(http.post("/sessions").raise_for_status().json()["session_id"])


def _send(http: httpx.Client, session: str, recording: bytes, *, speak: bool) -> str:
    """The id of the job."""
    answer = http.post(
        f"/sessions/{session}/voice-chat",
        files={"audio": ("clip.ogg", recording, "audio/ogg")},
        data={"speak": str(speak).lower()},
    )
    return str(answer.raise_for_status().json()["id"])


def _events(http: httpx.Client, job: str) -> Iterator[str]:
    with http.stream("GET", f"/jobs/{job}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("event: "):
                yield line.removeprefix("event: ")
            elif line.startswith("data: ") and '"speaking"' in line:
                yield "written"


def _timed(http: httpx.Client, recording: bytes) -> dict[str, float]:
    """Seconds from the beginning of the POST to the first event of each name."""
    session = _open(http)
    began, reached = time.monotonic(), dict[str, float]()
    for event in _events(http, _send(http, session, recording, speak=True)):
        reached.setdefault(event, time.monotonic() - began)
    return {name: reached[name] for name in NAMES}


def _seconds(http: httpx.Client, recording: bytes) -> float:
    """How long the recording is, as its job tells."""
    job = _send(http, _open(http), recording, speak=True)
    _over(http, job)
    return float(http.get(f"/jobs/{job}").raise_for_status().json()["transcript"]["duration_seconds"])


def _megabytes(stack: Stack) -> float:
    """What the model server and its children hold."""
    pid = str(stack.pid_of("offline"))
    shown = subprocess.run(["ps", "-o", "rss=", "-p", pid, "--ppid", pid], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return sum(map(int, shown.stdout.split())) / 1024


def _crowd(http: httpx.Client, recording: bytes) -> tuple[float, int]:
    """All at once, in as many sessions: seconds until the last is over, and how many were answered."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sessions = [_open(http) for _ in range(AT_ONCE)]
        began = time.monotonic()
        jobs = list(pool.map(lambda session: _send(http, session, recording, speak=False), sessions))
        states = list(pool.map(lambda job: _over(http, job), jobs))
    return time.monotonic() - began, sum(state == "completed" for state in states)


def _over(http: httpx.Client, job: str) -> str:
    for _ in _events(http, job):
        pass
    return str(http.get(f"/jobs/{job}").raise_for_status().json()["status"])


def main() -> int:
    """0 = every recording was answered."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), _PLENTY) as stack,
        httpx.Client(base_url=stack.base_url, headers={"X-API-Key": stack.api_key}, timeout=120) as http,
    ):
        recording = _recording(stack)
        seconds = _seconds(http, recording)  # of the first one, which warms the models up
        times = [_timed(http, recording) for _ in range(REPEATS)]
        print(f"{REPEATS} times a clip of {seconds:.1f} s\n")
        print("| until | p50 | slowest |\n|---|---|---|")
        for name, words in NAMES.items():
            found = [each[name] for each in times]
            print(f"| {words} | {statistics.median(found):.2f} s | {max(found):.2f} s |")
        print("\n| recordings at once | answered | after | the model server holds |\n|---|---|---|---|", flush=True)
        answered = 0
        for number in range(1, ROUNDS + 1):
            seconds, count = _crowd(http, recording)
            answered += count
            print(f"| {AT_ONCE} ({number}.) | {count} | {seconds:.0f} s | {_megabytes(stack):.0f} MB |", flush=True)
    return int(answered < AT_ONCE * ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
