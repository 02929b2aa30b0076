"""Nothing that was said, sent or agreed in secret is in a log or in Flower, whatever goes wrong; at DEBUG level."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trustme

from local.stack import Stack
from store import keys
from store.client import connect
from tests.e2e import places, receivers
from tests.e2e.client import KEYS, Client
from tests.integration.webhooks.receivers import answers
from tests.support.audio_files import encode
from tests.support.phrase_scanner import Scanner

SAID = "I walk with hasselmus mandolin trettio"  # about walking: anything else would need no model
SPOKEN = "I walk with a purple umbrella."
NAME = "hidden-cello-lullaby"
VALUE = "a gherkin in the attic"
WRONG_KEY = "not.a-key-of-anybody-pistachio"
HOOK = "walnut-staircase-trombone"
ANSWER = "the receiver is cross about turnips"
PHRASES = [SAID, "purple umbrella", NAME, VALUE, WRONG_KEY, HOOK, ANSWER]


@dataclass(frozen=True)
class Story:
    """What was asked for, how each of it ended, and what is in the logs and in Flower after it."""

    statuses: dict[str, Any]
    found: set[str]
    logs: bytes


@pytest.fixture(scope="module")
def story(stack: Stack, authority: trustme.CA, say_aloud: Callable[[str], bytes]) -> Story:
    assert stack.settings.log_level == "DEBUG"
    client = Client(stack)
    stack.wait_for_flower()
    statuses = _refused(client) | _failed(client, encode(say_aloud(SPOKEN), "speech.wav"))
    with receivers.https(authority, answers(500, body=ANSWER.encode())) as receiver:
        url = f"{receivers.url(receiver)}/{HOOK}?token={HOOK}"
        job = client.say(client.open_session(), SAID, webhook={"url": url})
        client.until_true(lambda: _told(client, job["id"]) == {"failed"})
        statuses["webhook"] = len(receiver.requests)
        secret = client.get("/webhook-endpoints/signing-secret").json()["secret"]
    settings = stack.settings
    phrases = [*PHRASES, *KEYS, settings.openai_api_key, settings.flower_basic_auth.partition(":")[2], secret]
    phrases += [settings.redis_url.partition("@")[0].rpartition(":")[2]]
    phrases += [base64.b64encode(key).decode() for key in settings.data_encryption_keys]
    shown = [place for place in places.of_files(stack) if place[0].startswith(("file logs/", "file start.log"))]
    logs = b"".join(data for _, data in shown)
    shown += [place for place in places.of_files(stack) if "supervisord" in place[0]]
    shown += places.of_flower(client)
    scanner = Scanner(phrases)
    return Story(statuses, {f"{name}: {one}" for name, data in shown for one in scanner.find(data)}, logs)


def test_everything_went_wrong_that_was_meant_to(story: Story) -> None:
    assert story.statuses == {
        "unknown field": 422,
        "unknown form field": 422,
        "wrong value": 422,
        "no JSON": 400,
        "unknown route": 404,
        "unknown query": 422,
        "telling headers": 200,
        "wrong key": 401,
        "blocked webhook": 422,
        "not audio": 415,
        "garbled audio": "failed",
        "spoken": "completed",
        "model down for a moment": "completed",
        "model refuses": "failed",
        "reply cut": "completed",
        "voice of the model down": "completed",
        "damaged session": 503,
        "webhook": 4,
    }


def test_no_log_and_no_page_of_flower_holds_content_or_secrets(story: Story) -> None:
    assert story.found == set()


def test_the_logs_do_tell_what_happened(story: Story) -> None:
    for event in (b"Input validation failed", b"job.failed", b"job.waits_for_model", b"store.unreadable", b"SealError"):
        assert event in story.logs, event


def _refused(client: Client) -> dict[str, Any]:
    """Requests that are not taken, each with a phrase in it."""
    session = client.open_session()
    there = f"/sessions/{session}/messages"
    requests: dict[str, tuple[str, str, dict[str, Any]]] = {
        "unknown field": ("POST", there, {"json": {"text": SAID, NAME: VALUE}}),
        "unknown form field": (
            "POST",
            f"/sessions/{session}/voice-chat",
            {"data": {NAME: VALUE}, "files": {"x": b"x"}},
        ),
        "wrong value": ("POST", there, {"json": {"text": [SAID], "metadata": VALUE, "on_busy": VALUE}}),
        "no JSON": ("POST", there, {"content": f'{{"text": "{SAID}"', "headers": {"Content-Type": "application/json"}}),
        "unknown route": ("GET", f"/{NAME}/{HOOK}?q={VALUE}", {}),
        "unknown query": ("GET", f"/sessions?{NAME}={VALUE}", {}),
        "telling headers": ("GET", f"/sessions/{session}", {"headers": _telling()}),
        "wrong key": ("GET", f"/sessions?{NAME}={VALUE}", {"key": WRONG_KEY}),
        "blocked webhook": ("POST", there, {"json": {"text": SAID, "webhook": {"url": f"https://10.0.0.1/{HOOK}"}}}),
        "not audio": (
            "POST",
            f"/sessions/{session}/voice-chat",
            {"files": {"audio": (f"{NAME}.wav", SAID.encode(), "audio/wav")}},
        ),
    }
    return {what: client.request(method, path, **more).status_code for what, (method, path, more) in requests.items()}


def _telling() -> dict[str, str]:
    """What a browser says about itself and where it comes from, and a request id that is none."""
    plain = ("User-Agent", "Cookie", "Last-Event-ID", "Prefer", "X-Request-ID", "X-Forwarded-For", "Idempotency-Key")
    return {
        **dict.fromkeys(plain, VALUE),
        "Referer": f"https://{HOOK}.example/{NAME}",
        "Origin": f"https://{HOOK}.example",
    }


def _failed(client: Client, recording: bytes) -> dict[str, Any]:
    """Jobs that go wrong, and what they end as."""
    ended: dict[str, Any] = {}
    session = client.open_session()

    def speak(audio: bytes) -> str:
        return str(client.speak(session, audio, f"{NAME}.wav", "audio/wav")["status"])

    ended["garbled audio"] = speak(recording[:36] + SAID.encode() * 20)
    ended["spoken"] = speak(recording)
    for what, fault in (("model down for a moment", "500"), ("model refuses", "400"), ("reply cut", "cut")):
        client.offline_fault("chat", fault, times=1)
        ended[what] = client.say(session, SAID)["status"]
    client.offline_fault("speech", "500", times=1)
    ended["voice of the model down"] = client.say(session, SAID, speak=True)["status"]
    return ended | _damaged(client)


def _damaged(client: Client) -> dict[str, Any]:
    """What is stored does not open: the paths of exceptions in the web process and in a worker."""
    redis: Any = connect(client.stack.settings.redis_url)
    session, other = client.open_session(), client.open_session()
    client.offline_fault("chat", "slow; seconds=2", times=1)
    first = client.post(f"/sessions/{other}/messages", json={"text": SAID}).json()["id"]
    client.until(first, lambda job: job["stage"] == "generating")
    second = client.post(f"/sessions/{other}/messages", json={"text": SAID}).json()["id"]
    redis.hset(keys.job(second), "input", f"plainly {SAID}")
    redis.hset(keys.session(session), "metadata", f"plainly {SAID}")
    redis.close()
    status = client.get(f"/sessions/{session}").status_code
    client.until_true(lambda: any("SealError" in line for line in client.stack.log("worker").splitlines()))
    for one in (session, other):
        client.delete(f"/sessions/{one}").raise_for_status()
    return {"damaged session": status}


def _told(client: Client, job_id: str) -> set[str]:
    return {one["status"] for one in client.get(f"/jobs/{job_id}/deliveries").json()["data"]}
