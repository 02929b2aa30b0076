"""What is left of a person's words once they are erased: phrases are planted everywhere, and looked for everywhere."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import trustme

from local.stack import Stack
from store import keys
from store.client import connect
from tests.e2e import places, receivers
from tests.e2e.client import KEYS, Client
from tests.integration.webhooks.receivers import Receiver
from tests.support.phrase_scanner import Scanner

# One phrase for each way in, so that a leak says where it came from.
TEXT = "blåklint paraply nio"
INTERRUPTED = "I walk with half of a turnip lantern"
SPOKEN = "I walk with an orange umbrella."
RECORDING = "koltrast inne i ljudet"
FILE_NAME = "tallkotte saga femton"
SESSION_NOTE = "grankvist parlour seven"
JOB_NOTE = "snödroppe kastrull elva"
HOOK_PATH = "velvet-harbour-cinnamon"
HOOK_QUERY = "quarrel-of-nine-magpies"
ENDPOINT_PATH = "copper-kettle-meridian"
DESCRIPTION = "for the nurse of the blue ward"
REPEAT_KEY = "umbrella.pomegranate.sextant"
RECEIVER_SAYS = "the receiver hums a sea shanty"

SEALED = {TEXT, INTERRUPTED, RECORDING, SESSION_NOTE, JOB_NOTE, HOOK_PATH, HOOK_QUERY, ENDPOINT_PATH, DESCRIPTION}
SEALED |= {RECEIVER_SAYS}
NEVER_KEPT = {FILE_NAME, REPEAT_KEY}


@dataclass(frozen=True)
class Left:
    """What the scanner found, in three states of the stack."""

    by_a_thief: set[str]  # before erasing, without the master key
    by_the_operator: set[str]  # before erasing, with it: the positive control
    heard: str  # the transcript
    receipt: dict[str, int]
    after: set[str]  # after erasing, with the master key
    requests: list[bytes]


@pytest.fixture(scope="module")
def left(stack: Stack, authority: trustme.CA, say_aloud: Callable[[str], bytes]) -> Left:
    client = Client(stack)
    stack.wait_for_flower()
    _clear(client)
    places.wait_for_rewrite(client)
    with receivers.https(authority, _echo(lambda: receiver)) as receiver:
        endpoint = _endpoint(client, receiver)
        erased, expired = (_session(client) for _ in range(2))
        spoken = client.post(
            f"/sessions/{erased}/voice-chat",
            files={"audio": (f"{FILE_NAME}.wav", _recording(say_aloud(SPOKEN)), "audio/wav")},
            data={"speak": "true", "metadata": json.dumps({"note": JOB_NOTE})},
            headers={"Idempotency-Key": f"{REPEAT_KEY}.voice"},
        )
        assert spoken.status_code == 202, spoken.text
        heard = client.finished(spoken.json()["id"])["transcript"]["text"]
        assert "umbrella" in heard
        told = [spoken.json()["id"], _say(client, erased, receiver), _say(client, expired, receiver)]
        client.until_true(lambda: all(_delivered(client, job_id) for job_id in told))
        client.offline_fault("chat", "slow; seconds=60", times=1)  # longer than it takes to look everywhere
        running = client.post(f"/sessions/{erased}/messages", json={"text": INTERRUPTED}).json()["id"]
        client.until(running, lambda job: job["stage"] == "generating")

        masters = stack.settings.data_encryption_keys
        phrases = [*SEALED, *NEVER_KEPT, heard]
        before = [*places.of_redis(stack), *places.of_files(stack), *places.of_flower(client)]
        receipt = client.delete(f"/sessions/{erased}").json()["erased"]
        _let_expire(client, expired)
        client.delete(f"/webhook-endpoints/{endpoint}").raise_for_status()
        client.until_true(lambda: _lost(client, running))
        places.wait_for_rewrite(client)
        after = [*places.of_redis(stack), *places.of_files(stack), *places.of_flower(client)]
        requests = list(receiver.requests)

    return Left(
        by_a_thief=_found(Scanner(phrases), before),
        by_the_operator=_found(Scanner(phrases, masters), before),
        heard=heard,
        receipt=receipt,
        after=_found(Scanner(phrases, masters), after),
        requests=requests,
    )


def test_before_erasing_the_operators_key_finds_every_phrase(left: Left) -> None:
    found = {phrase for phrase in (*SEALED, left.heard) if any(phrase in one for one in left.by_the_operator)}
    assert found == {*SEALED, left.heard}
    assert {one.partition(" ")[0] for one in left.by_the_operator} == {"redis", "file"}, "the append-only file too"


def test_what_was_said_lies_nowhere_in_the_clear(left: Left) -> None:
    assert left.by_a_thief == set()
    assert all(one.endswith(" sealed") for one in left.by_the_operator)


def test_the_name_of_a_recording_and_an_idempotency_key_are_not_kept_at_all(left: Left) -> None:
    assert [one for one in left.by_the_operator for phrase in NEVER_KEPT if phrase in one] == []


def test_the_receiver_was_told_what_was_said(left: Left) -> None:
    assert any(left.heard.encode() in request for request in left.requests)


def test_after_erasing_nothing_is_left_anywhere_even_for_the_operator(left: Left) -> None:
    assert left.after == set()


def test_the_receipt_counts_what_was_erased(left: Left) -> None:
    assert left.receipt == {
        "sessions": 1,
        "messages": 4,
        "jobs": 3,
        "events": left.receipt["events"],
        "recordings": 1,  # the spoken reply: the recording went when its job ended
        "deliveries": 3,  # the endpoint heard of both jobs, the URL of one
    }
    assert left.receipt["events"] > 10


def _clear(client: Client) -> None:
    """Erase what other tests said: each session has a key of its own, and everything is tried with every key."""
    for key in KEYS:
        while found := client.get("/sessions", key=key).json()["data"]:
            for session in found:
                client.delete(f"/sessions/{session['session_id']}", key=key).raise_for_status()


def _found(scanner: Scanner, held: Iterable[places.Place]) -> set[str]:
    held = list(held)
    for name, data in held:
        if name.startswith(("redis rr:", "file valkey/")):
            scanner.learn(data)
    return {f"{name}: {one}" for name, data in held for one in scanner.find(data)}


def _session(client: Client) -> str:
    answer = client.post("/sessions", json={"metadata": {"note": SESSION_NOTE}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_id"])


def _endpoint(client: Client, receiver: Receiver) -> str:
    url = f"https://localhost:{receiver.port}/{ENDPOINT_PATH}"
    answer = client.post("/webhook-endpoints", json={"url": url, "include_output": True, "description": DESCRIPTION})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _say(client: Client, session: str, receiver: Receiver) -> str:
    url = f"https://localhost:{receiver.port}/{HOOK_PATH}?token={HOOK_QUERY}"
    answer = client.post(
        f"/sessions/{session}/messages",
        json={"text": f"{TEXT}. Is walking enough?", "webhook": {"url": url}, "metadata": {"note": JOB_NOTE}},
        headers={"Idempotency-Key": REPEAT_KEY + session},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _delivered(client: Client, job_id: str) -> bool:
    deliveries = client.get(f"/jobs/{job_id}/deliveries").json()["data"]
    return bool(deliveries) and all(one["status"] == "delivered" for one in deliveries)


def _let_expire(client: Client, session: str) -> None:
    """Its last use was long ago, as far as the ledger knows; the sweep of the reaper does the rest."""
    redis: Any = connect(client.stack.settings.redis_url)
    redis.hset(keys.session(session), "expires_at", 1)
    redis.zadd(keys.SESSIONS, {session: 1})
    redis.close()
    client.until_true(lambda: client.get(f"/sessions/{session}").status_code == 404)
    client.until_true(lambda: keys.session(session).encode() not in client.keys_of(session))


def _lost(client: Client, job_id: str) -> bool:
    """Whether the worker has noticed that its job is gone."""
    return any("job.lost" in line for line in client.stack.log("worker").splitlines() if job_id in line)


def _echo(receiver: Callable[[], Receiver]) -> Callable[[socket.socket, threading.Event], None]:
    """A receiver that answers with what it was sent."""

    def behave(connection: socket.socket, _: threading.Event) -> None:
        body = RECEIVER_SAYS.encode() + receiver().requests[-1].partition(b"\r\n\r\n")[2]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return behave


def _recording(pcm: bytes) -> bytes:
    """A WAV file with a comment inside."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm)
    comment = RECORDING.encode()
    comment += b"\0" * (len(comment) % 2)
    entry = b"INFOICMT" + struct.pack("<I", len(comment)) + comment
    whole = target.getvalue() + b"LIST" + struct.pack("<I", len(entry)) + entry
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]
