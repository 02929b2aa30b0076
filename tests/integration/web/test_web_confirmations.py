"""What was not heard well is confirmed or corrected, once, by whom it belongs to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config import Settings
from store import keys
from tests.integration.web.api import EMERGENCY, HOOK, OTHER, WAV, Api, job_id_of

HEARD = "I like two walk in the wrain"
MEANT = "I like to walk in the rain"
FILE = ("audio", WAV, "a.wav", "audio/wav")


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _unconfirmed(api: Api, heard: str = HEARD, outcome: str = "needs_confirmation", **form: str) -> str:
    """A recording that was not heard well; its job's id."""
    session = api.open_session()
    hold = api.claim(str(api.record(session, FILE, form=form).get_json()["id"]))
    hold.progress(transcript={"text": heard, "language": "english", "confidence": 0.4, "seconds": 2.0})
    hold.commit(
        outcome=outcome,
        output={"text": f"I heard: “{heard}” Is that right?", "citations": []},
        coach=None,
        state=None,
        said=None,
        usage={"model": None, "estimated": False},
        timings={},
        guardrails=[],
        confirmation_needed=True,
    )
    return hold.job_id


def _confirm(api: Api, job: str, text: str | None = None, **more: Any) -> Any:
    return api.post(f"/jobs/{job}/confirm", json={"text": text} if text else {}, **more)


def test_an_unconfirmed_job_says_so_and_wrote_no_history(api: Api) -> None:
    job = api.get(f"/jobs/{_unconfirmed(api)}").get_json()

    assert (job["status"], job["outcome"], job["confirmation_needed"]) == ("completed", "needs_confirmation", True)
    assert (job["confirms"], job["confirmed_by"]) == (None, None)
    transcript = {"text": HEARD, "language": "english", "confidence": 0.4, "duration_seconds": 2.0}
    assert job["transcript"] == transcript
    assert api.history(job["session_id"]) == []


@pytest.mark.parametrize("text", [None, MEANT])
def test_confirming_is_a_new_job_with_what_was_heard_or_really_said(api: Api, text: str | None) -> None:
    first = _unconfirmed(api)

    answer = _confirm(api, first, text)
    job = answer.get_json()

    assert answer.status_code == 202
    assert (job["type"], job["status"], job["confirms"]) == ("message", "queued", first)
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    hold = api.claim(job["id"])
    assert hold.input == {"text": text or HEARD}
    api.commit(hold, "Rain is no hindrance.")
    said = [(turn["role"], turn["text"]) for turn in api.history(job["session_id"])]
    assert said == [("user", text or HEARD), ("assistant", "Rain is no hindrance.")]
    confirmed = api.get(f"/jobs/{first}").get_json()
    assert (confirmed["confirmed_by"], confirmed["confirmation_needed"]) == (job["id"], False)


def test_no_body_at_all_confirms_what_was_heard(api: Api) -> None:
    answer = api.post(f"/jobs/{_unconfirmed(api)}/confirm")

    assert answer.status_code == 202
    assert api.claim(answer.get_json()["id"]).input == {"text": HEARD}


def test_the_new_job_goes_on_as_the_recording_asked(api: Api) -> None:
    form = {"metadata": '{"page": "home"}', "speak": "true", "audio_format": "opus", "webhook": f'{{"url": "{HOOK}"}}'}

    job = _confirm(api, _unconfirmed(api, **form)).get_json()

    assert job["metadata"] == {"page": "home"}
    hold = api.claim(job["id"])
    assert (hold.speak, hold.audio_format) == (True, "opus")
    api.commit(hold, "Rain is no hindrance.")
    assert len(api.deliveries(job["id"])) == 1


def test_the_words_lie_sealed(api: Api) -> None:
    job = _confirm(api, _unconfirmed(api), MEANT).get_json()["id"]

    for key in api.redis.scan_iter():
        assert not {b"walk", b"rain"} & set((api.redis.dump(key) or b"").split()), key
    assert api.redis.exists(keys.job(job))


def test_it_can_be_confirmed_once(api: Api) -> None:
    job = _unconfirmed(api)
    assert _confirm(api, job).status_code == 202

    answer = _confirm(api, job, MEANT)

    assert (answer.status_code, answer.get_json()["code"]) == (409, "already_confirmed")


def test_of_many_at_once_one_confirms(api: Api) -> None:
    job = _unconfirmed(api)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: _confirm(api, job, f"walk number {n}").status_code, range(8)))

    assert sorted(answers) == [202] + [409] * 7


def test_the_same_request_again_is_the_same_job(api: Api) -> None:
    job, headers = _unconfirmed(api), {"Idempotency-Key": "k"}

    first, again = (_confirm(api, job, MEANT, headers=headers) for _ in range(2))
    other = _confirm(api, job, "something else", headers=headers)

    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_mismatch")


def test_only_what_waits_for_it_can_be_confirmed(api: Api) -> None:
    session = api.open_session()
    written = api.say(session).get_json()["id"]
    for text in (None, MEANT):
        assert _confirm(api, written, text).get_json()["code"] == "not_confirmable"
    api.finish(written)
    recorded = api.record(session, FILE).get_json()["id"]
    assert _confirm(api, recorded, MEANT).get_json()["code"] == "not_confirmable"

    answer = _confirm(api, written, MEANT)

    assert (answer.status_code, answer.get_json()["code"]) == (409, "not_confirmable")
    assert api.number_of_jobs(session) == 2


def test_somebody_elses_job_is_as_unknown_as_one_that_never_was(api: Api) -> None:
    job = _unconfirmed(api)
    session = "sess_" + "0" * 32

    foreign, unknown = (_confirm(api, found, MEANT, key=OTHER) for found in (job, job_id_of(session)))

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json() | {"request_id": ""} == unknown.get_json() | {"request_id": ""}
    assert api.get(f"/jobs/{job}").get_json()["confirmation_needed"]


def test_a_confirmation_counts_as_a_message(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1)
    first, second = _unconfirmed(api), _unconfirmed(api)

    assert _confirm(api, first).status_code == 202
    refused = _confirm(api, second)

    assert (refused.status_code, refused.get_json()["errors"]) == (429, [{"policy": "RATE_LIMIT_MESSAGES_PER_HOUR"}])
    assert api.get(f"/jobs/{second}").get_json()["confirmation_needed"], "it can be confirmed later"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"text": ""}, "text"), ({"text": "\u200b"}, "text"), ({"text": None}, "text"), ({"speak": True}, "speak")],
)
def test_a_body_that_is_not_as_expected_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"/jobs/{_unconfirmed(api)}/confirm", json=body)

    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]["json"]


def test_a_correction_may_be_as_long_as_a_message(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_message_length=40)
    job = _unconfirmed(api, "a walk along the river with the dog, and then home again")

    assert _confirm(api, job, "walk " * 10).get_json()["code"] == "invalid_request"
    assert _confirm(api, job).status_code == 202


def test_a_correction_that_reads_like_an_emergency_is_answered_at_once(api: Api) -> None:
    first = _unconfirmed(api)

    answer = _confirm(api, first, EMERGENCY)
    job = answer.get_json()

    assert answer.status_code == 200
    assert (job["status"], job["outcome"], job["confirms"]) == ("completed", "escalated", first)
    assert "911" in job["output"]["text"]
    assert api.get(f"/jobs/{first}").get_json()["confirmed_by"] == job["id"]
    assert [turn["text"] for turn in api.history(job["session_id"])] == [EMERGENCY, job["output"]["text"]]


def test_so_is_an_emergency_that_was_heard_rightly(api: Api) -> None:
    answer = _confirm(api, _unconfirmed(api, EMERGENCY, "escalated"))

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")
    assert api.history(answer.get_json()["session_id"])[0]["text"] == EMERGENCY


def test_an_emergency_is_answered_also_where_there_is_nothing_to_confirm(settings: Settings, redis: Any) -> None:
    api = Api(settings, rate_limit_messages_per_hour=1)
    job = _unconfirmed(api)
    assert _confirm(api, job).status_code == 202

    for _ in range(2):
        answer = _confirm(api, job, EMERGENCY)
        assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")
        assert answer.get_json()["confirms"] is None
    unknown = _confirm(api, job_id_of("sess_" + "0" * 32), EMERGENCY)
    assert (unknown.status_code, "911" in unknown.get_json()["safety"]["text"]) == (404, True)


def test_an_emergency_that_was_misheard_can_be_corrected(api: Api) -> None:
    first = _unconfirmed(api, EMERGENCY, "escalated")

    answer = _confirm(api, first, MEANT)

    assert (answer.status_code, answer.get_json()["confirms"]) == (202, first)


def test_erasing_the_confirmed_job_erases_what_was_misheard_and_nothing_else(api: Api) -> None:
    first = _unconfirmed(api)
    job = _confirm(api, first, MEANT).get_json()["id"]
    api.finish(job)

    assert api.delete(f"/jobs/{first}").status_code == 200
    assert api.get(f"/jobs/{job}").get_json()["confirms"] == first
    assert _confirm(api, first).status_code == 404
    assert not api.redis.exists(keys.job(first))


def test_an_erased_session_leaves_nothing_of_it(api: Api) -> None:
    first = _unconfirmed(api)
    job = _confirm(api, first, MEANT).get_json()

    assert api.delete(f"/sessions/{job['session_id']}").get_json()["erased"]["jobs"] == 2
    mark = job["session_id"].removeprefix("sess_").encode()
    assert not [key for key in api.redis.scan_iter() if mark in key]
