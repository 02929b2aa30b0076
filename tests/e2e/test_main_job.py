"""The main job through real gunicorn, Celery, Valkey, Qdrant and the offline models."""

import concurrent.futures
import json
import time
from collections.abc import Callable

import pytest

from tests.e2e.client import KEYS, Client
from tests.support.audio_files import CONTAINERS, encode

SPOKEN = "I would like to walk more, but my knees feel stiff in the morning."


def test_a_text_message_is_answered_from_the_programme_with_citations(client: Client) -> None:
    session = client.open_session()

    job = client.say(session, "How can I get steadier on my feet?")

    assert job["status"] == "completed"
    assert job["outcome"] == "answered"
    assert job["output"]["citations"]
    for citation in job["output"]["citations"]:
        assert citation["quote"]
        assert citation["collection"] in {"lessons", "activities", "resources"}
    assert set(job["timings"]) >= {"queued_ms", "retrieving_ms", "generating_ms", "total_ms"}
    assert job["usage"]["cost_usd"] == "0.000000"


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_spoken_message_comes_back_with_the_words_said(client: Client, speech: bytes, container: str) -> None:
    session = client.open_session()

    job = client.speak(session, encode(speech, container), container, CONTAINERS[container][3])

    assert job["status"] == "completed", job["error"]
    words = set(job["transcript"]["text"].lower().replace(",", "").replace(".", "").split())
    said = set(SPOKEN.lower().replace(",", "").replace(".", "").split())
    assert len(words & said) / len(said) >= 0.8, job["transcript"]
    assert job["output"]["citations"], "an answer about stiff knees or walking cites the programme"
    assert job["usage"]["audio_seconds"] == pytest.approx(len(speech) / 2 / 16_000, abs=0.3)


def test_a_reply_can_be_heard(client: Client) -> None:
    session = client.open_session()

    job = client.say(session, "Why does strength matter?", speak=True)
    audio = client.get(job["output"]["audio_url"])

    assert audio.headers["Content-Type"] == "audio/mpeg"
    assert audio.content[:3] == b"ID3" or audio.content[0] == 0xFF
    again = client.speak(session, audio.content, "reply.mp3", "audio/mpeg")
    assert len(again["transcript"]["text"].split()) > 10


def test_silence_is_not_taken_for_words(client: Client) -> None:
    session = client.open_session()

    job = client.speak(session, encode(b"\x00\x00" * 32_000, "speech.wav"), "silence.wav", "audio/wav")

    assert (job["status"], job["outcome"]) == ("completed", "no_speech")
    assert job["output"]["text"]
    assert client.history(session) == []


def test_ten_messages_stand_in_the_history_in_order(client: Client) -> None:
    session = client.open_session()
    texts = [f"Message number {number}: what helps my balance?" for number in range(10)]

    ids = [client.post(f"/sessions/{session}/messages", json={"text": text}).json()["id"] for text in texts]
    jobs = [client.finished(job_id) for job_id in ids]

    assert [job["status"] for job in jobs] == ["completed"] * 10
    history = client.history(session)
    assert [entry["role"] for entry in history] == ["user", "assistant"] * 10
    assert [entry["text"] for entry in history[::2]] == texts
    assert [entry["text"] for entry in history[1::2]] == [job["output"]["text"] for job in jobs]


def test_twenty_sessions_at_once_all_complete(client: Client) -> None:
    sessions = [client.open_session() for _ in range(20)]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        jobs = list(pool.map(lambda session: client.say(session, "Is walking enough?"), sessions))

    assert {job["status"] for job in jobs} == {"completed"}
    assert {job["session_id"] for job in jobs} == set(sessions)


def test_a_cancelled_job_stops_within_a_second_and_writes_no_history(client: Client) -> None:
    session = client.open_session()
    client.offline_fault("chat", "slow; seconds=20", times=1)
    job_id = client.post(f"/sessions/{session}/messages", json={"text": "Tell me about sleep."}).json()["id"]
    client.until(job_id, lambda job: job["stage"] == "generating")

    asked_at = time.monotonic()
    client.post(f"/jobs/{job_id}/cancel")
    job = client.finished(job_id)

    assert job["status"] == "cancelled"
    assert time.monotonic() - asked_at < 1.5  # one second, and this test's own requests
    assert client.history(session) == []


def test_a_model_that_is_busy_is_waited_for_without_losing_an_attempt(client: Client) -> None:
    session = client.open_session()
    client.offline_fault("chat", "429; retry-after=1", times=2)

    job = client.say(session, "How do I make a habit of it?")

    assert job["status"] == "completed"
    assert job["attempts"] == 1


def test_an_emergency_is_answered_in_the_post_itself(client: Client) -> None:
    session = client.open_session()

    answer = client.post(f"/sessions/{session}/messages", json={"text": "I have crushing chest pain right now"})

    assert answer.status_code == 200
    job = answer.json()
    assert (job["status"], job["outcome"]) == ("completed", "escalated")
    assert "911" in job["output"]["text"]
    assert [entry["role"] for entry in client.history(session)] == ["user", "assistant"]


def test_a_spoken_emergency_is_escalated_by_the_worker(client: Client, say_aloud: Callable[[str], bytes]) -> None:
    session = client.open_session()

    recording = encode(say_aloud("I have a terrible pain in my chest and I cannot breathe."), "speech.ogg")
    job = client.speak(session, recording, "speech.ogg", "audio/ogg")

    assert (job["status"], job["outcome"]) == ("completed", "escalated")
    assert "911" in job["output"]["text"]
    assert job["output"]["citations"] == []


def test_bad_requests_are_refused_by_their_kind(client: Client) -> None:
    session = client.open_session()
    messages, voice = f"/sessions/{session}/messages", f"/sessions/{session}/voice-chat"

    assert client.post(messages, json={"text": "hello"}, key=None).status_code == 401
    assert client.post(messages, json={"text": "hello"}, key="wrong").status_code == 401
    assert client.post(messages, json={"text": ""}).status_code == 422
    assert client.post(messages, json={"text": "walk " * 2001}).status_code == 422
    big = client.post(voice, files={"audio": ("big.wav", b"RIFF" + b"\0" * 11_000_000, "audio/wav")})
    assert big.status_code == 413
    assert big.json()["detail"] == "Audio file too large. Maximum size: 10MB"
    text = client.post(voice, files={"audio": ("notes.wav", b"I am a text file, not a recording.", "audio/wav")})
    assert text.status_code in {415, 422}
    assert "not audio" in text.json()["detail"]


def test_another_keys_job_answers_like_an_unknown_one(client: Client) -> None:
    session = client.open_session()
    job = client.say(session, "hello there")

    foreign = client.get(f"/jobs/{job['id']}", key=KEYS[1])
    unknown = client.get("/jobs/job_" + "0" * 32 + "_1", key=KEYS[1])

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


def test_flower_shows_workers_and_finished_tasks_and_no_word_that_was_said(client: Client) -> None:
    session = client.open_session()
    phrase = "marmalade trombone"
    job = client.say(session, f"My {phrase} hurts when I garden, what can I do?")

    tasks = client.until_true(lambda: client.flower_tasks_of(job["id"]))
    pages = json.dumps(client.flower_get("/api/tasks").json()) + client.flower_get("/tasks").text
    pages += client.flower_get("/workers").text + client.flower_get(f"/task/{tasks[0]['uuid']}").text

    assert tasks[0]["state"] == "SUCCESS"
    assert tasks[0]["worker"].startswith("worker@")
    assert job["id"] in pages
    for word in (*phrase.split(), job["output"]["text"][:30]):
        assert word not in pages


def test_no_log_holds_a_word_that_was_said(client: Client) -> None:
    session = client.open_session()
    phrase = "periwinkle accordion"
    client.say(session, f"I love my {phrase} and long walks")

    logs = "".join(client.stack.log(name) for name in ("web", "worker", "voice", "beat", "offline", "flower", "valkey"))
    assert "job.completed" in logs
    for word in phrase.split():
        assert word not in logs


def test_erasing_a_session_while_a_job_runs_leaves_nothing(client: Client) -> None:
    session = client.open_session()
    client.offline_fault("chat", "slow; seconds=3", times=1)
    job_id = client.post(f"/sessions/{session}/messages", json={"text": "What about swimming?"}).json()["id"]
    client.until(job_id, lambda job: job["stage"] == "generating")

    receipt = client.delete(f"/sessions/{session}").json()

    assert receipt["message"] == "Session cleared"
    assert receipt["erased"]["jobs"] == 1
    assert client.get(f"/jobs/{job_id}").status_code == 404
    client.until_true(lambda: not client.keys_of(session))
