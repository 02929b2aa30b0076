"""A recording goes in and comes back as a job."""

from __future__ import annotations

import io
from typing import Any

import pytest

from config import Settings
from store import keys
from tests.integration.web.api import OTHER, WAV, Api, job_id_of
from tests.support.audio_files import CONTAINERS, encode, tone

PLANTED = "my-secret-diagnosis"
GOOD = ("audio", WAV, "speech.wav", "audio/wav")


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def test_a_recording_is_accepted_as_a_voice_job(api: Api) -> None:
    session = api.open_session()

    answer = api.record(session, GOOD, form={"metadata": '{"page": "home"}', "speak": "true"})
    job = answer.get_json()

    assert answer.status_code == 202
    assert (job["type"], job["status"], job["metadata"]) == ("voice", "queued", {"page": "home"})
    assert answer.headers["Location"] == f"/jobs/{job['id']}" == f"/jobs/{job_id_of(session)}"
    assert answer.headers["Retry-After"] == "1"
    assert (api.redis.llen(keys.VOICE), api.redis.llen(keys.MESSAGES)) == (1, 0)
    hold = api.claim(job["id"])
    assert hold.audio() == WAV
    assert (hold.type, hold.speak) == ("voice", True)


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_kind_of_recording_is_taken(api: Api, name: str) -> None:
    content, declared = encode(tone(0.1), name), CONTAINERS[name][3]
    session = api.open_session()

    assert api.record(session, ("audio", content, name, declared)).status_code == 202
    assert api.record(session, ("audio", content, "recording", "application/octet-stream")).status_code == 202
    assert api.claim(job_id_of(session)).audio() == content


@pytest.mark.parametrize(
    ("content", "name", "declared", "code"),
    [
        (b"This is a text that calls itself a recording.", "speech.wav", "audio/wav", "not_audio"),
        (WAV, "speech.mp3", "audio/wav", "audio_mismatch"),
        (WAV, "speech.wav", "audio/mpeg", "audio_mismatch"),
        (WAV, "speech.wav", "text/plain", "audio_mismatch"),
        (b"%PDF-1.7", "speech.m4a", "audio/mp4", "not_audio"),
    ],
)
def test_what_is_not_what_it_says_is_refused(api: Api, content: bytes, name: str, declared: str, code: str) -> None:
    session = api.open_session()

    answer = api.record(session, ("audio", content, name, declared))

    assert (answer.status_code, answer.get_json()["code"]) == (415, code)
    assert "WAV, WebM, MP3, M4A, AAC, FLAC, Ogg or Opus" in answer.get_json()["detail"]
    assert api.number_of_jobs(session) == 0


@pytest.mark.parametrize(
    ("files", "form", "field"),
    [
        ([("audio", b"", "speech.wav", "audio/wav")], {}, "audio"),
        ([], {}, "audio"),
        ([], {"audio": "RIFF"}, "audio"),
        ([("file", WAV, "speech.wav", "audio/wav")], {}, "file"),
        ([GOOD, ("other", WAV, "other.wav", "audio/wav")], {}, "other"),
        ([GOOD, GOOD], {}, "audio"),
        ([GOOD], {"audio": ["and a text of that name"]}, "audio"),
        ([GOOD], {"colour": "red"}, "colour"),
        ([GOOD], {"text": "hello"}, "text"),
        ([GOOD], {"on_busy": "shout"}, "on_busy"),
        ([GOOD], {"speak": "maybe"}, "speak"),
        ([GOOD], {"speak": ["true", "false"]}, "speak"),
        ([GOOD], {"metadata": "[1]"}, "metadata"),
        ([GOOD], {"metadata": "{"}, "metadata"),
        ([GOOD], {"metadata": '{"a": "' + "x" * 4096 + '"}'}, "metadata"),
        ([GOOD], {"metadata": "[" * 60_000}, "metadata"),
        ([GOOD], {"metadata": '{"a": NaN}'}, "metadata"),
    ],
)
def test_a_body_that_is_not_as_expected_is_refused_by_part(
    api: Api, files: list[Any], form: dict[str, Any], field: str
) -> None:
    session = api.open_session()

    answer = api.record(session, *files, form=form)

    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]["files"]
    assert api.number_of_jobs(session) == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"audio": "x"}', "application/json"),
        (WAV, "audio/wav"),
        (b"not multipart at all", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
def test_a_body_that_is_not_multipart_misses_its_recording(api: Api, body: bytes, content_type: str) -> None:
    session = api.open_session()
    answer = api.post(f"/sessions/{session}/voice-chat", data=body, content_type=content_type)

    assert answer.status_code == 422
    assert answer.get_json()["errors"]["files"] == {"audio": ["Missing data for required field."]}


@pytest.mark.parametrize("megabytes", [10, 11])
def test_a_recording_above_ten_megabytes_is_refused_in_the_known_wording(api: Api, megabytes: int) -> None:
    session = api.open_session()
    limit = 10 * 1024 * 1024
    content = WAV.ljust(limit + 1 if megabytes == 10 else 11 * 1024 * 1024, b"\0")

    answer = api.record(session, ("audio", content, "speech.wav", "audio/wav"))

    assert answer.status_code == 413
    assert answer.get_json()["detail"] == "Audio file too large. Maximum size: 10MB"
    assert api.number_of_jobs(session) == 0


def test_ten_megabytes_are_accepted(api: Api) -> None:
    content = WAV.ljust(10 * 1024 * 1024, b"\0")

    assert api.record(api.open_session(), ("audio", content, "speech.wav", "audio/wav")).status_code == 202


def test_the_limit_is_the_one_of_the_settings(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_audio_size_mb=1)
    content = WAV.ljust(2 * 1024 * 1024, b"\0")

    answer = api.record(api.open_session(), ("audio", content, "speech.wav", "audio/wav"))

    assert answer.get_json()["detail"] == "Audio file too large. Maximum size: 1MB"


@pytest.mark.parametrize(
    "name",
    [
        f"../../etc/{PLANTED}.wav",
        f"C:\\{PLANTED}\\a.wav",
        f"/{PLANTED}.wav",
        f"{PLANTED}\x00.wav",
        f"{PLANTED}.wav\r\nX-Evil: 1",
        f"<{PLANTED}>.wav",
        f"{PLANTED}.txt",
    ],
)
def test_a_file_name_is_kept_nowhere(api: Api, redis: Any, caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level("DEBUG")
    session = api.open_session()

    answer = api.record(session, ("audio", WAV, name, "audio/wav"))

    assert answer.status_code in {202, 415, 422}
    assert PLANTED not in answer.text
    assert PLANTED not in str(answer.headers)
    assert PLANTED not in caplog.text
    assert PLANTED not in str([vars(record) for record in caplog.records])
    for key in redis.scan_iter():
        assert PLANTED.encode() not in key + (redis.dump(key) or b"")


def test_the_recording_lies_sealed(api: Api, redis: Any) -> None:
    content = WAV + PLANTED.encode() * 50
    job = api.record(api.open_session(), ("audio", content, "a.wav", "audio/wav")).get_json()["id"]

    stored = redis.get(keys.audio(job))

    assert len(stored) >= len(content)
    assert PLANTED.encode() not in stored


def test_the_same_recording_twice_is_one_job(api: Api) -> None:
    session = api.open_session()
    headers = {"Idempotency-Key": "k"}

    first, again = (api.record(session, GOOD, headers=headers) for _ in range(2))
    other = api.record(session, ("audio", WAV + b"more", "speech.wav", "audio/wav"), headers=headers)

    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.get_json()["code"] == "idempotency_mismatch"


def test_a_bad_wait_makes_no_job(api: Api) -> None:
    session = api.open_session()
    data = {"audio": (io.BytesIO(WAV), "a.wav")}

    answer = api.post(f"/sessions/{session}/voice-chat?wait=soon", data=data, content_type="multipart/form-data")

    assert answer.get_json()["code"] == "invalid_wait"
    assert api.number_of_jobs(session) == 0


def test_a_busy_session_refuses_a_recording_that_asked_for_it(api: Api) -> None:
    session = api.open_session()
    api.say(session)

    answer = api.record(session, GOOD, form={"on_busy": "reject"})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "session_busy")


def test_a_recording_for_somebody_elses_session_is_refused(api: Api) -> None:
    session = api.open_session()

    assert api.record(session, GOOD, key=OTHER).status_code == 404
    assert api.number_of_jobs(session) == 0
