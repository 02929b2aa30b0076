"""The spoken reply: whole, in ranges, and while it is still being spoken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from config import Settings
from tests.integration.ledger_kit import wait_for
from tests.integration.web.api import OTHER, Api

PARTS = [b"first part, ", b"second part, ", b"the end"]
WHOLE = b"".join(PARTS)


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _spoken(api: Api, **fields: Any) -> str:
    """A job that is over and was spoken; its id."""
    job = str(api.say(api.open_session(), json={"speak": True, **fields}).get_json()["id"])
    hold = api.claim(job)
    for part in PARTS:
        hold.progress(speech=part)
    api.commit(hold, "Walking is a good start.")
    return job


@pytest.mark.parametrize(
    ("audio_format", "kind"), [(None, "audio/mpeg"), ("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("opus", "audio/ogg")]
)
def test_a_spoken_reply_can_be_heard_in_its_format(api: Api, audio_format: str | None, kind: str) -> None:
    job = _spoken(api, **({"audio_format": audio_format} if audio_format else {}))

    url = api.get(f"/jobs/{job}").get_json()["output"]["audio_url"]
    answer = api.get(url)

    assert url == f"/jobs/{job}/audio"
    assert (answer.status_code, answer.content_type, answer.data) == (200, kind, WHOLE)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_nobody_else_hears_it_and_nobody_at_all_once_it_is_erased(api: Api) -> None:
    job = _spoken(api)
    other = _spoken(api)

    assert api.get(f"/jobs/{job}/audio", key=OTHER).status_code == 404
    assert api.delete(f"/jobs/{job}").get_json()["erased"]["recordings"] == 1
    assert api.get(f"/jobs/{job}/audio").status_code == 404
    session = api.get(f"/jobs/{other}").get_json()["session_id"]
    assert api.delete(f"/sessions/{session}").get_json()["erased"]["recordings"] == 1
    assert not list(api.redis.scan_iter("rr:speech:*"))


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-4", 0, 5), ("bytes=6-", 6, len(WHOLE)), ("bytes=-3", len(WHOLE) - 3, len(WHOLE))],
)
def test_a_range_is_answered_with_that_part(api: Api, asked: str, start: int, stop: int) -> None:
    answer = api.get(f"/jobs/{_spoken(api)}/audio", headers={"Range": asked})

    assert (answer.status_code, answer.data) == (206, WHOLE[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(WHOLE)}"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert answer.content_type == "audio/mpeg"


def test_a_range_behind_the_end_is_refused(api: Api) -> None:
    answer = api.get(f"/jobs/{_spoken(api)}/audio", headers={"Range": "bytes=1000-"})

    assert (answer.status_code, answer.get_json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(WHOLE)}"


def test_without_a_spoken_reply_there_is_no_audio(api: Api) -> None:
    job = api.say(api.open_session()).get_json()["id"]

    answer = api.get(f"/jobs/{job}/audio")

    assert (answer.status_code, answer.get_json()["detail"]) == (404, "There is no such spoken reply.")
    api.finish(job)
    assert api.get(f"/jobs/{job}/audio").status_code == 404
    assert api.get(f"/jobs/{job}").get_json()["output"]["audio_url"] is None


def test_it_is_heard_while_it_is_spoken(api: Api) -> None:
    job = str(api.say(api.open_session(), json={"speak": True}).get_json()["id"])
    hold = api.claim(job)
    hold.progress(speech=PARTS[0])
    answer = api.get(f"/jobs/{job}/audio", buffered=False)
    heard: Iterator[bytes] = answer.iter_encoded()

    assert (answer.status_code, next(heard)) == (200, PARTS[0])
    assert "Accept-Ranges" not in answer.headers
    hold.progress(speech=PARTS[1])
    assert next(heard) == PARTS[1]
    hold.progress(speech=PARTS[2])
    api.commit(hold, "Walking is a good start.")
    assert list(heard) == [PARTS[2]]


def test_the_stream_ends_when_another_attempt_begins_or_the_job_is_erased(api: Api) -> None:
    session = api.open_session()
    job = str(api.say(session, json={"speak": True}).get_json()["id"])
    hold = api.claim(job)
    hold.progress(speech=PARTS[0])
    streams = [api.get(f"/jobs/{job}/audio", buffered=False).iter_encoded() for _ in range(2)]
    assert [next(stream) for stream in streams] == [PARTS[0]] * 2
    rest: list[bytes] = []
    listener = threading.Thread(target=lambda: rest.extend(streams[0]))
    listener.start()

    hold.release(delay_ms=0, waiting_for="", refund=False)
    again = api.claim(job)
    listener.join(10)
    assert (listener.is_alive(), rest) == (False, [])
    assert api.get(f"/jobs/{job}/audio").status_code == 404, "what the first attempt said is gone"

    again.progress(speech=PARTS[1])
    stream = api.get(f"/jobs/{job}/audio", buffered=False).iter_encoded()
    assert next(stream) == PARTS[1]
    api.delete(f"/sessions/{session}")
    assert list(stream) == []


def test_a_job_that_was_cancelled_while_it_spoke_keeps_nothing_of_it(api: Api) -> None:
    job = str(api.say(api.open_session(), json={"speak": True}).get_json()["id"])
    hold = api.claim(job)
    hold.progress(speech=PARTS[0])
    api.post(f"/jobs/{job}/cancel")
    hold.acknowledge_cancel()

    wait_for(lambda: api.get(f"/jobs/{job}").get_json()["status"] == "cancelled")
    assert api.get(f"/jobs/{job}/audio").status_code == 404
    assert not list(api.redis.scan_iter("rr:speech:*"))


def test_an_unknown_format_is_refused(api: Api) -> None:
    answer = api.say(api.open_session(), json={"speak": True, "audio_format": "midi"})

    assert answer.status_code == 422
    assert "audio_format" in answer.get_json()["errors"]["json"]
