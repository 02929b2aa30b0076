"""A job's events as they happen, from the first one or from where a client left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from config import Settings
from store.hold import Hold, JobCancelled
from store.job_errors import INTERNAL
from tests.integration.web.api import KEY, OTHER, Api, job_id_of
from tests.integration.web.sse import Seen, Stream, spoken
from web import events as web_events

SENTENCES = ["Walking is a good start. ", 'Try "ten minutes"\nafter lunch. ', "Où? Everywhere."]


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


@pytest.fixture
def session(api: Api) -> str:
    return api.open_session()


@pytest.fixture
def job(api: Api, session: str) -> str:
    return str(api.say(session).get_json()["id"])


def _stage(hold: Hold, name: str) -> None:
    hold.progress(stage=name, event={"type": "stage", "data": {"stage": name}})


def _say(hold: Hold, text: str) -> None:
    hold.progress(event={"type": "token", "data": {"text": text}})


def _answer(api: Api, hold: Hold) -> None:
    _stage(hold, "retrieving")
    _stage(hold, "generating")
    for sentence in SENTENCES:
        _say(hold, sentence)
    api.commit(hold, "".join(SENTENCES))


def _later(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_after_the_end_a_stream_tells_everything_and_closes(api: Api, job: str) -> None:
    _answer(api, api.claim(job))

    stream = Stream(api, job)
    events = stream.rest()

    assert (stream.answer.status_code, stream.answer.mimetype) == (200, "text/event-stream")
    assert stream.answer.headers["Cache-Control"] == "no-store"
    assert [event.type for event in events] == ["stage", "stage", "token", "token", "token", "done"]
    assert [event.data for event in events[:2]] == [{"stage": "retrieving"}, {"stage": "generating"}]
    assert [event.data for event in events[2:-1]] == [{"text": sentence} for sentence in SENTENCES]
    assert events[-1].data == api.get(f"/jobs/{job}").get_json()
    assert spoken(events) == events[-1].data["output"]["text"]
    assert len({event.id for event in events}) == len(events)


def test_events_arrive_while_the_job_runs(api: Api, job: str) -> None:
    stream = Stream(api, job)
    hold = api.claim(job)
    for number, sentence in enumerate(SENTENCES):
        speaking = _later(lambda words=sentence: _say(hold, words))  # type: ignore[misc]  # mypy: untyped lambda default
        seen = stream.next()
        speaking.join()
        assert (number, seen.type, seen.data) == (number, "token", {"text": sentence})

    api.commit(hold, "".join(SENTENCES))

    assert [(event.type, event.data["status"]) for event in stream.rest()] == [("done", "completed")]


def test_a_transcript_is_told(api: Api, job: str) -> None:
    heard = {"text": "hello", "language": "english", "confidence": 0.9}
    hold = api.claim(job)
    hold.progress(transcript=heard, event={"type": "transcript", "data": heard})
    hold.fail(INTERNAL)

    transcript, done = Stream(api, job).rest()

    assert (transcript.type, transcript.data) == ("transcript", heard)
    assert (done.type, done.data["status"], done.data["error"]["code"]) == ("done", "failed", "internal_error")


def test_a_second_attempt_says_that_what_came_before_is_void(api: Api, job: str) -> None:
    hold = api.claim(job)
    _say(hold, "Walking is")
    hold.release(delay_ms=0, waiting_for="model", refund=False)
    hold = api.claim(job)
    hold.progress(event={"type": "restart", "data": {"attempt": 2}})
    _answer(api, hold)

    events = Stream(api, job).rest()

    assert [event.data for event in events if event.type == "restart"] == [{"attempt": 2}]
    assert spoken(events) == events[-1].data["output"]["text"] == "".join(SENTENCES)


def test_a_stream_goes_on_behind_each_event_that_was_seen(api: Api, job: str) -> None:
    _answer(api, api.claim(job))
    events = Stream(api, job).rest()

    for number, event in enumerate(events[:-1], start=1):
        assert Stream(api, job, last=event.id).rest() == events[number:]


def test_who_has_seen_the_end_is_told_to_stop_asking(api: Api, job: str) -> None:
    api.finish(job)
    end = Stream(api, job).rest()[-1]

    answer = Stream(api, job, last=end.id).answer

    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    "last",
    ["x", "done", "0", "1-", "-1-1", "²-1", "(0-0", "0-0 ", "18446744073709551615-18446744073709551615", "9" * 500],
)
def test_an_id_that_is_none_starts_at_the_first_event(api: Api, job: str, last: str) -> None:
    _say(api.claim(job), "Hello.")

    stream = Stream(api, job, environ_overrides={"HTTP_LAST_EVENT_ID": last.encode().decode("latin-1")})

    assert stream.next().data == {"text": "Hello."}
    stream.leave()


def test_a_stream_that_waits_says_so_at_once_and_now_and_then(
    api: Api, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_events, "PING_SECONDS", 0.05)
    stream = Stream(api, job)

    assert next(iter(stream.answer.iter_encoded())) == b"retry: 2000\n\n"
    assert [stream.next().type for _ in range(3)] == ["comment"] * 3
    hold = api.claim(job)
    _say(hold, "Hello.")
    kinds = [stream.next().type for _ in range(2)]
    assert "token" in kinds
    stream.leave()


def test_a_client_that_leaves_cancels_nothing(api: Api, job: str) -> None:
    hold = api.claim(job)
    _say(hold, "Hello.")
    stream = Stream(api, job)
    stream.next()

    stream.leave()

    assert not api.services.notifications._waiting
    api.commit(hold, "Hello.")
    assert api.get(f"/jobs/{job}").get_json()["status"] == "completed"


def test_many_may_listen_to_one_job(api: Api, job: str) -> None:
    streams = [Stream(api, job) for _ in range(3)]
    results: list[list[Seen]] = []
    readers = [_later(lambda one=stream: results.append(one.rest())) for stream in streams]  # type: ignore[misc]  # as above
    _answer(api, api.claim(job))
    for reader in readers:
        reader.join()

    assert len(results) == 3
    assert all(spoken(events) == "".join(SENTENCES) for events in results)


@pytest.mark.parametrize("when", ["queued", "running"])
def test_cancelling_ends_a_stream(api: Api, job: str, when: str) -> None:
    hold = api.claim(job) if when == "running" else None
    stream = Stream(api, job)

    def cancel() -> None:
        api.post(f"/jobs/{job}/cancel")
        if hold:
            with pytest.raises(JobCancelled):
                hold.progress(stage="generating")
            hold.acknowledge_cancel()

    cancelling = _later(cancel)
    events = stream.rest()
    cancelling.join()

    assert [(event.type, event.data["status"]) for event in events] == [("done", "cancelled")]


def test_erasing_the_session_ends_an_open_stream(api: Api, session: str, job: str) -> None:
    _say(api.claim(job), "Hello.")
    stream = Stream(api, job)
    assert stream.next().type == "token"

    api.delete(f"/sessions/{session}")

    assert [(event.type, event.data) for event in stream.rest()] == [("done", {"status": "erased"})]
    assert Stream(api, job).answer.status_code == 404


def test_a_revoked_key_ends_its_streams_and_no_others(
    api: Api, redis: Any, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_events, "KEY_SECONDS", 0.05)
    theirs = api.open_session(key=OTHER)
    api.say(theirs, key=OTHER)
    mine, other = Stream(api, job), Stream(api, job_id_of(theirs), key=OTHER)
    hold = api.claim(job)
    _say(hold, "Before.")
    assert mine.next().data == {"text": "Before."}

    key = api.services.api_keys.authenticate(KEY.encode())
    assert key
    api.services.api_keys.revoke(key.id)
    _say(hold, "After.")

    assert mine.rest() == []
    api.finish(job_id_of(theirs))
    assert [event.type for event in other.rest()] == ["done"]


def test_a_key_that_expires_ends_its_streams(api: Api, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_events, "KEY_SECONDS", 0.05)
    api.open_session()
    end = time.time() + 1
    api.services.api_keys.add("short-lived", name="s", scopes=("jobs",), source="test", expires_at=end)
    session = api.open_session(key="short-lived")
    api.say(session, key="short-lived")

    assert Stream(api, job_id_of(session), key="short-lived").rest() == []
    assert time.time() >= end


def test_a_stream_holds_no_connection_while_it_waits(api: Api, job: str) -> None:
    streams = [Stream(api, job) for _ in range(20)]
    done: list[Any] = []
    readers = [_later(lambda one=stream: done.append(one.rest())) for stream in streams]  # type: ignore[misc]  # as above
    give_up = time.monotonic() + 20
    while len(api.services.notifications._waiting.get(job, ())) < len(streams) or api.redis.pubsub_numpat() < 1:
        assert time.monotonic() < give_up
        time.sleep(0.01)

    pool = api.redis.connection_pool
    while len(pool._get_in_use_connections()) > 1:  # the one that hears the news
        assert time.monotonic() < give_up
        time.sleep(0.01)

    api.finish(job)
    for reader in readers:
        reader.join()
    assert len(done) == len(streams)
