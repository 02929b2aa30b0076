"""Speech through the whole stack: what was not heard well, and answers that are heard early and in part."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bench.voice.degraded import hum, white_noise
from tests.e2e.client import Client
from tests.support.audio_files import encode
from workers.audio import decode

FOREIGN = "Bonjour, je voudrais marcher plus souvent mais j'ai mal aux genoux."
MEANT = "I would like to walk more often, but my knees ache."


def test_what_was_not_heard_well_is_confirmed_before_it_counts(
    client: Client, say_aloud: Callable[[str], bytes]
) -> None:
    session = client.open_session()

    asked = client.speak(session, encode(say_aloud(FOREIGN), "speech.ogg"), "speech.ogg", "audio/ogg")

    assert (asked["status"], asked["outcome"]) == ("completed", "needs_confirmation"), asked["transcript"]
    assert asked["confirmation_needed"]
    assert asked["transcript"]["text"] in asked["output"]["text"]
    assert "English only" in asked["output"]["text"]
    assert client.history(session) == []
    answer = client.post(f"/jobs/{asked['id']}/confirm", json={"text": MEANT})
    assert answer.status_code == 202
    job = client.finished(answer.json()["id"])
    assert (job["outcome"], job["confirms"]) == ("answered", asked["id"])
    assert [turn["text"] for turn in client.history(session)] == [MEANT, job["output"]["text"]]


@pytest.mark.parametrize("sound", [white_noise(4.0), white_noise(4.0, -15), hum(4.0)], ids=["noise", "loud", "hum"])
def test_no_words_are_made_of_noise(client: Client, sound: bytes) -> None:
    session = client.open_session()

    job = client.speak(session, encode(sound, "speech.webm"), "speech.webm", "audio/webm")

    assert (job["status"], job["outcome"], job["transcript"]["text"]) == ("completed", "no_speech", "")
    assert client.history(session) == []


def test_the_answer_can_be_heard_before_the_job_is_over_and_in_part_after_that(client: Client) -> None:
    session = client.open_session()
    body = {"text": "How can I get steadier on my feet?", "speak": True}
    job_id = client.post(f"/sessions/{session}/messages", json=body).json()["id"]

    kinds: list[str] = []
    with client.http.stream("GET", f"/jobs/{job_id}/events", headers={"X-API-Key": client.stack.api_key}) as stream:
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            kinds += [value] if name == "event" else []
            if name == "data" and kinds[-1] == "audio":
                assert json.loads(value) == {"url": f"/jobs/{job_id}/audio"}
                early = client.get(f"/jobs/{job_id}/audio")
            if kinds and kinds[-1] == "done":
                break
    whole = client.get(f"/jobs/{job_id}/audio")
    part = client.get(f"/jobs/{job_id}/audio", headers={"Range": "bytes=1000-1999"})

    assert kinds.index("token") < kinds.index("audio") < kinds.index("done")
    assert early.content == whole.content, "asked for while it was spoken, it was streamed to the end"
    assert (part.status_code, part.content) == (206, whole.content[1000:2000])
    assert decode(whole.content, max_seconds=300).loudness_dbfs == pytest.approx(-17, abs=5)


@pytest.mark.parametrize(("audio_format", "kind"), [("wav", "audio/wav"), ("opus", "audio/ogg")])
def test_the_answer_comes_in_the_format_that_was_asked_for(client: Client, audio_format: str, kind: str) -> None:
    job = client.say(client.open_session(), "Is walking enough?", speak=True, audio_format=audio_format)

    audio = client.get(job["output"]["audio_url"])

    assert audio.headers["Content-Type"] == kind
    assert decode(audio.content, max_seconds=300).seconds > 2


def test_a_recording_that_is_beyond_use_says_what_to_do(client: Client, speech: bytes) -> None:
    cut_off = encode(speech, "speech.m4a")[:20_000]

    job = client.speak(client.open_session(), cut_off, "speech.m4a", "audio/mp4")

    assert (job["status"], job["error"]["code"]) == ("failed", "audio_truncated")
    assert "record it again" in job["error"]["message"]
