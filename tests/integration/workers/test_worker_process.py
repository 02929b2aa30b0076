"""How a real worker process ends and begins: SIGTERM, kill -9, deafness, memory."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from local.valkey import ValkeyServer
from store import keys
from tests.integration.ledger_kit import Kit, wait_for
from tests.support.audio_files import encode, tone

ROOT = Path(__file__).parents[3]
SILENCE = {"text": "", "language": "english", "duration": 1.0, "segments": []}


class SlowModel(ThreadingHTTPServer):
    """Transcribes nothing, and only once `may_answer` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.may_answer = threading.Event()
        self.calls = 0


class _Handler(BaseHTTPRequestHandler):
    server: SlowModel

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/transcriptions"):  # a worker that begins also asks for embeddings
            self.send_error(404)
            return
        self.server.calls += 1
        self.server.may_answer.wait(60)
        body = json.dumps(SILENCE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        with suppress(ConnectionError):  # who asked has been killed
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[SlowModel]:
    with SlowModel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.may_answer.set()
        server.shutdown()


class Worker:
    """One worker process for voice jobs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def log(self) -> str:
        return self._log.read_text()

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(10)


@pytest.fixture
def worker(valkey: ValkeyServer, settings: Settings, kit: Kit, model: SlowModel, tmp_path: Path) -> Callable[..., Any]:
    """`with worker(GRACE_SECONDS=0.2) as it:` ready to consume; whatever is left of it is killed."""

    @contextmanager
    def start(**constants: float) -> Iterator[Worker]:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": valkey.url,
            "DATA_DIR": str(settings.data_dir),
            "DATA_ENCRYPTION_KEYS": base64.b64encode(settings.data_encryption_keys[0]).decode(),
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{model.server_port}/v1",
            "RATE_LIMIT_VOICE_CONCURRENT": "2",
            "IMPATIENT": json.dumps(constants),
        }
        log = tmp_path / "worker.log"
        app = ["-m", "celery", "-A", "tests.support.impatient_worker", "worker"]
        command = [sys.executable, *app, "-Q", keys.VOICE, "-n", "voice@test", "--without-gossip", "--without-mingle"]
        kit.redis.delete(keys.canary(keys.VOICE))
        with (
            log.open("ab") as out,
            subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=out, stderr=out) as process,  # noqa: S603 (ours)
        ):
            try:
                wait_for(lambda: kit.redis.exists(keys.canary(keys.VOICE)), 20)
                yield Worker(process, log)
            finally:
                process.kill()

    return start


def _somebody_listens(kit: Kit) -> bool:
    return bool(kit.redis.info("clients")["blocked_clients"])


def _own_keys(kit: Kit) -> set[bytes]:
    """What workers keep in Redis for themselves."""
    return {key for key in kit.redis.scan_iter() if key.startswith((b"_kombu", b"canary"))}


def _speak(kit: Kit) -> str:
    return kit.speak(kit.open(), audio=encode(tone(1.0), "speech.wav"))


def test_sigterm_lets_jobs_end_within_the_grace_time_and_hands_the_others_to_the_next_worker(
    worker: Callable[..., Any], kit: Kit, model: SlowModel
) -> None:
    with worker(GRACE_SECONDS=0.2) as hasty:
        job_id = _speak(kit)
        wait_for(lambda: model.calls)
        assert hasty.end(signal.SIGTERM) == 0

    assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("queued", 0)
    assert kit.messages(keys.VOICE) == [job_id], "other workers are told at once"

    with worker(GRACE_SECONDS=20) as patient:
        wait_for(lambda: model.calls == 2)
        patient.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not _somebody_listens(kit), 2)
        later = _speak(kit)
        model.may_answer.set()
        assert patient.process.wait(10) == 0

    assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("completed", 1)
    assert kit.messages(keys.VOICE) == [later], "a worker that drains takes nothing new"


def test_what_a_killed_worker_leaves_is_no_hindrance_to_the_next_one_which_ends_promptly_when_idle(
    worker: Callable[..., Any], kit: Kit, model: SlowModel
) -> None:
    with worker(WATCH_SECONDS=0.1) as killed:
        job_id = _speak(kit)
        wait_for(lambda: model.calls)
        wait_for(lambda: kit.redis.exists("_kombu.binding.canary.voice@test"))
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    left = _own_keys(kit)
    model.may_answer.set()
    kit.end_lease(job_id)
    kit.ledger.reap()

    with worker(WATCH_SECONDS=0.1) as next_one:
        wait_for(lambda: kit.job(job_id).over)
        assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("completed", 2)
        wait_for(lambda: not kit.redis.llen("canary.voice@test"))
        assert next_one.end(signal.SIGTERM) == 0, "with nothing to do it does not wait for the grace time of 25 s"
    # The queue itself is there whenever its last canary has not been taken yet.
    assert _own_keys(kit) <= left | {b"canary.voice@test"}, "another start adds nothing"


def test_the_slots_of_a_killed_worker_are_free_once_its_recordings_have_been_done(
    worker: Callable[..., Any], make_kit: Callable[..., Kit], model: SlowModel
) -> None:
    kit = make_kit(rate_limit_voice_concurrent=2)
    with worker() as killed:
        jobs = [_speak(kit) for _ in range(4)]
        wait_for(lambda: model.calls == 2)
        killed.end(signal.SIGKILL)
    assert [kit.job(job_id).attempts for job_id in jobs] == [1, 1, 0, 0], "two run, two wait"
    model.may_answer.set()
    for job_id in jobs[:2]:
        kit.end_lease(job_id)
    kit.ledger.reap()
    assert kit.redis.zcard(keys.running("key_a", "v")) == 2

    with worker():
        wait_for(lambda: all(kit.job(job_id).over for job_id in jobs))
    assert [(kit.job(job_id).status, kit.job(job_id).attempts) for job_id in jobs] == [
        ("completed", 2),
        ("completed", 2),
        ("completed", 1),
        ("completed", 1),
    ]
    assert kit.redis.zcard(keys.running("key_a", "v")) == 0


def test_a_worker_that_hears_nothing_any_more_hands_its_jobs_back_and_ends_itself(
    worker: Callable[..., Any], kit: Kit, model: SlowModel
) -> None:
    with worker(WATCH_SECONDS=0.2, DEAF_AFTER=4, GRACE_SECONDS=0.2) as it:
        job_id = _speak(kit)
        wait_for(lambda: model.calls)
        it.process.send_signal(signal.SIGUSR1)
        assert it.process.wait(10) == 1
    assert "worker.deaf" in it.log()
    assert (kit.job(job_id).status, kit.job(job_id).attempts) == ("queued", 0)
