"""A person with an API key, and an operator's look at the running stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from local.stack import Stack
from store.client import connect

T = TypeVar("T")
KEYS = ("e2e-key-of-one-client", "e2e-key-of-another")
OVER = {"completed", "failed", "cancelled", "expired"}
PATHS = {"chat": "/v1/chat/completions", "speech": "/v1/audio/speech"}


class Client:
    """Talks to one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(base_url=stack.base_url, timeout=70)

    def request(self, method: str, path: str, *, key: str | None = "", **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        if key is not None:
            headers["X-API-Key"] = key or self.stack.api_key
        return self.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)

    def open_session(self) -> str:
        answer = self.post("/sessions")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session_id"])

    def say(self, session: str, text: str, **fields: Any) -> dict[str, Any]:
        answer = self.post(f"/sessions/{session}/messages", json={"text": text, **fields})
        assert answer.status_code in {200, 202}, answer.text
        return self.finished(answer.json()["id"])

    def speak(self, session: str, recording: bytes, name: str, kind: str) -> dict[str, Any]:
        answer = self.post(f"/sessions/{session}/voice-chat", files={"audio": (name, recording, kind)})
        assert answer.status_code in {200, 202}, answer.text
        return self.finished(answer.json()["id"])

    def finished(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        return self.until(job_id, lambda job: job["status"] in OVER, seconds=seconds)

    def until(self, job_id: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
        """The job, once it is as wanted; every look waits for news of it."""
        give_up = time.monotonic() + seconds
        while True:
            job: dict[str, Any] = self.get(f"/jobs/{job_id}").json()
            if holds(job):
                return job
            assert time.monotonic() < give_up and job["status"] not in OVER, job
            time.sleep(0.05)

    def until_true(self, look: Callable[[], T], seconds: float = 20) -> T:
        give_up = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < give_up, "it did not happen in time"
            time.sleep(0.1)
        return seen

    def history(self, session: str) -> list[dict[str, Any]]:
        return list(self.get(f"/sessions/{session}/messages").json()["data"])

    def offline_fault(self, what: str, fault: str, times: int) -> None:
        """Have the next calls of the model go wrong; see `offline.faults`."""
        root = self.stack.settings.openai_base_url.removesuffix("/v1")
        headers = {"Authorization": f"Bearer {self.stack.settings.openai_api_key}"}
        body = {"path": PATHS[what], "fault": fault, "times": times}
        httpx.post(f"{root}/_faults", headers=headers, json=body).raise_for_status()

    def flower_get(self, path: str, **more: Any) -> httpx.Response:
        user, _, password = self.stack.settings.flower_basic_auth.partition(":")
        root = f"http://127.0.0.1:{self.stack.settings.flower_port}"
        return httpx.get(root + path, auth=(user, password), timeout=20, **more)

    def flower_tasks_of(self, job_id: str) -> list[dict[str, Any]]:
        """Finished runs of a job, as Flower tells them."""
        try:
            tasks = self.flower_get("/api/tasks", params={"taskname": "jobs.run"}).json().values()
        except httpx.TransportError:  # Flower starts last
            return []
        return [task for task in tasks if job_id in str(task["args"]) and task["state"] == "SUCCESS"]

    def keys_of(self, session: str) -> list[bytes]:
        """Every Redis key with this session's id in its name."""
        redis: Any = connect(self.stack.settings.redis_url)
        try:
            return list(redis.scan_iter(match=f"*{session.removeprefix('sess_')}*"))
        finally:
            redis.close()
