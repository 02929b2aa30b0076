"""What waiting clients cost: `python -m bench.waiters [how many]`, about a minute.

One web process (gunicorn with gevent, as in the Procfile, but one worker) and a Valkey; no worker takes the jobs, so
everybody waits. It prints by how much the process grew, how many connections Redis holds, and how long a POST takes
meanwhile, and exits 1 when the growth is over the limit or a client was not served.
"""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from local.env_file import generated
from local.ports import LOOPBACK, free_port
from local.programs import ROOT
from local.valkey import running
from store.client import connect

CLIENTS = 2000
POSTS = 300
ARRIVALS_PER_SECOND = 500
JOBS = 50  # what the clients wait for
LIMIT_MB = 150
START_SECONDS = 30
SETTLE_SECONDS = 3
PLENTY = "1000000"
WAYS = {"streams": "/jobs/{job}/events", "long polls": "/jobs/{job}?wait=60"}


@contextmanager
def _web(redis_url: str, folder: Path) -> Iterator[tuple[str, dict[str, str], int]]:
    """One web process; its address, the headers that carry a key, and its pid."""
    port, variables = free_port(), generated()
    limits = ["RATE_LIMIT_MESSAGES_PER_HOUR", "MAX_WAITING_JOBS_PER_API_KEY"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "REDIS_URL": redis_url, "PORT": str(port)}
    environ |= variables | dict.fromkeys(limits, PLENTY) | {"DATA_DIR": str(folder), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "web/gunicorn.conf.py")]
    command += ["--workers", "1", "--graceful-timeout", "1", "web.wsgi:app"]
    master = subprocess.Popen(command, cwd=folder, env=environ)  # noqa: S603 (our own program)
    base = f"http://{LOOPBACK}:{port}"
    try:
        give_up = time.monotonic() + START_SECONDS
        while not _alive(base):
            if time.monotonic() > give_up or master.poll() is not None:
                raise SystemExit("The web process did not start.")
            time.sleep(0.1)
        yield base, {"X-API-Key": variables["API_KEYS"]}, _child_of(master.pid)
    finally:
        master.terminate()
        master.wait()


def _alive(base: str) -> bool:
    try:
        return httpx.get(f"{base}/livez").is_success
    except httpx.TransportError:
        return False


def _ps(*words: str) -> list[list[str]]:
    shown = subprocess.run(["ps", *words], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
    return [line.split() for line in shown.splitlines()]


def _child_of(pid: int) -> int:
    return next(int(child) for child, parent in _ps("-A", "-o", "pid=,ppid=") if parent == str(pid))


def _megabytes(pid: int) -> float:
    return int(_ps("-p", str(pid), "-o", "rss=")[0][0]) / 1024


def _post_milliseconds(http: httpx.Client, session: str, count: int) -> list[float]:
    """How long each of so many POSTs of a message took, one after the other."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        answer = http.post(f"/sessions/{session}/messages", json={"text": "Is walking enough?"})
        took.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    return sorted(took)


def _shown(milliseconds: list[float]) -> str:
    p99 = milliseconds[int(len(milliseconds) * 0.99)]
    return f"p50 {statistics.median(milliseconds):.1f} ms, p99 {p99:.1f} ms"


async def _arrive(base: str, path: str, headers: dict[str, str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that sends its request and then only waits."""
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    if path.endswith("/events"):  # a stream says at once that it is one
        await reader.readuntil(b"retry: ")
    return reader, writer


async def _measure(way: str, clients: int, folder: Path, redis_url: str) -> float:
    """By how many MB the process grew."""
    redis: Any = connect(redis_url)
    with _web(redis_url, folder) as (base, headers, pid), httpx.Client(base_url=base, headers=headers) as http:
        session = http.post("/sessions").json()["session_id"]
        jobs = [http.post(f"/sessions/{session}/messages", json={"text": "hello"}).json()["id"] for _ in range(JOBS)]
        quiet = _post_milliseconds(http, session, POSTS)
        before = _megabytes(pid)
        waiting = []
        for number in range(clients):
            waiting.append(await _arrive(base, WAYS[way].format(job=jobs[number % JOBS]), headers))
            await asyncio.sleep(1 / ARRIVALS_PER_SECOND)
        await asyncio.sleep(SETTLE_SECONDS)
        answers = [asyncio.create_task(reader.readline()) for reader, _ in waiting]
        busy = await asyncio.to_thread(_post_milliseconds, http, session, POSTS)
        growth = _megabytes(pid) - before
        refused = sum(task.done() and task.result().startswith(b"HTTP/1.1 ") for task in answers)
        connections = redis.info("clients")["connected_clients"]
        print(f"{clients} {way}: {before:.0f} MB + {growth:.0f} MB ({growth * 1024 / clients:.0f} KB each)")
        print(f"  POST without them: {_shown(quiet)}; with them: {_shown(busy)}; connections at Redis: {connections}")
        for (_, writer), task in zip(waiting, answers, strict=True):
            task.cancel()
            writer.close()
        if refused:
            raise SystemExit(f"{refused} of the clients were not let wait.")
    redis.close()
    return growth


def main() -> int:
    """0 = within the limit."""
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else CLIENTS
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, clients + 1000), hard))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    growths = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as valkey:
            growths.append(asyncio.run(_measure(way, clients, Path(folder), valkey.url)))
    return int(max(growths) > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
