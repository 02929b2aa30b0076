"""What a body may be: its size, its depth, its names, its parts; and that no such rule silences an emergency."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import EMERGENCY, WAV, Api, job_id_of
from web.bodies import DEEPEST

JSON = "application/json"


@pytest.fixture
def api(settings: Settings, redis: Any) -> Api:
    return Api(settings)


def _post(api: Api, body: str | bytes, path: str = "", **more: Any) -> Any:
    session = api.open_session()
    answer = api.post(path or f"/sessions/{session}/messages", data=body, content_type=JSON, **more)
    return answer, session


@pytest.mark.parametrize(
    "body",
    [
        '{"text": "hello", "text": "again"}',
        '{"text": "hello", "te\\u0078t": "again"}',
        '{"text": "hello", "metadata": {"a": 1, "a": 2}}',
        '{"text": "hello", "metadata": {"a": NaN}}',
        '{"text": "hello", "metadata": {"a": -Infinity}}',
        '{"text": "hello"} {"text": "again"}',
        '{"text": "hello",}',
        "{'text': 'hello'}",
        '\ufeff{"text": "hello"}',
        '{"text": "hel\nlo"}',
        '{"text": "hello", "metadata": {"a": ' + "9" * 5000 + "}}",
        '{"text": "hello", "metadata": ' + '{"a":' * DEEPEST + "1" + "}" * DEEPEST + "}",
        '{"text": ' + "[" * 50_000 + "]" * 50_000 + "}",
        "[" * 100_000,
    ],
)
def test_json_that_two_readers_could_take_for_different_things_is_refused(api: Api, body: str) -> None:
    answer, session = _post(api, body)

    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    assert api.number_of_jobs(session) == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_json_is_utf_8(api: Api, encoding: str) -> None:
    answer, _ = _post(api, '{"text": "déjà vu"}'.encode(encoding))

    assert answer.status_code == 400


def test_a_text_of_the_longest_length_fits_however_it_is_written(api: Api) -> None:
    """Many clients write each emoji as twelve bytes of escapes."""
    text = ("🙂🙃" * 5000)[:10_000]
    metadata = {"note": "é" * 2000}

    answer, session = _post(api, json.dumps({"text": text, "metadata": metadata}))

    assert answer.status_code == 202
    assert api.claim(job_id_of(session)).input["text"] == text


@pytest.mark.parametrize("path", ["/sessions", "/webhook-endpoints", "/sessions/x/messages", "/sessions/x/token"])
def test_a_json_body_far_below_the_size_of_a_recording_is_too_large(api: Api, path: str) -> None:
    answer, _ = _post(api, '{"text": "' + "x" * 300_000 + '"}', path)

    assert answer.status_code == 413
    assert (answer.get_json()["code"], answer.get_json()["detail"]) == ("too_large", "Request body too large.")


def test_the_room_for_json_grows_with_the_longest_message(settings: Settings, redis: Any) -> None:
    api = Api(settings, max_message_length=100_000)

    assert _post(api, json.dumps({"text": "ab" * 50_000}))[0].status_code == 202
    assert _post(api, " " * 2_000_000)[0].status_code == 413


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"])
def test_calling_it_something_else_makes_no_room(api: Api, kind: str) -> None:
    session = api.open_session()
    answer = api.post(f"/sessions/{session}/messages", data=b"x" * 1_000_000, content_type=kind)

    assert answer.status_code == 413


def test_a_query_is_as_strict_as_a_body(api: Api) -> None:
    for query in ("limit=1&colour=red", "limit=0", "limit=1e1", "limit=" + "9" * 5000, "cursor=%00"):
        assert api.get(f"/jobs?{query}").status_code == 422, query


@pytest.mark.parametrize("number", [16, 17])
def test_a_form_has_a_largest_number_of_parts(api: Api, number: int) -> None:
    form = {f"field-{n}": "x" for n in range(number - 1)}
    answer = api.record(api.open_session(), ("audio", WAV, "a.wav", "audio/wav"), form=form)

    expected = (422, "invalid_request") if number == 16 else (413, "too_large")
    assert (answer.status_code, answer.get_json()["code"]) == expected
    assert "Audio" not in answer.get_json()["detail"]


def test_a_field_of_a_form_is_no_place_for_a_document(api: Api) -> None:
    form = {"metadata": '{"a": "' + "x" * 300_000 + '"}'}
    answer = api.record(api.open_session(), ("audio", WAV, "a.wav", "audio/wav"), form=form)

    assert (answer.status_code, answer.get_json()["detail"]) == (413, "Request body too large.")


def test_a_part_has_a_largest_head(api: Api) -> None:
    head = "".join(f"X-{n}: {'x' * 1000}\r\n" for n in range(200))
    content = b"RIFF\x24\x00\x00\x00WAVEfmt "
    body = f'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n{head}\r\n'.encode() + content
    session = api.open_session()

    answer = api.post(
        f"/sessions/{session}/voice-chat",
        data=body + b"\r\n--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )

    assert answer.status_code in {413, 422}
    assert api.number_of_jobs(session) == 0


@pytest.mark.parametrize("boundary", ["x" * 1000, "", "\x00", '"', "a b"])
def test_an_odd_boundary_is_no_error_of_ours(api: Api, boundary: str) -> None:
    session = api.open_session()
    answer = api.post(
        f"/sessions/{session}/voice-chat",
        data=b"--x\r\n\r\n--x--",
        content_type=f"multipart/form-data; boundary={boundary}",
    )

    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("declared", ["audio/wav; charset=\x00", "a/" + "b" * 5000, "=;=", "é"])
def test_an_odd_declared_type_is_no_error_of_ours(api: Api, declared: str) -> None:
    answer = api.record(api.open_session(), ("audio", WAV, "a.wav", declared))

    assert answer.status_code in {202, 400, 415, 422}


INVISIBLE = ["\u200b", "\u202e", "\x00", "\x07", "\x85", "\ufeff", "\U000e0041", "\u00ad"]


@pytest.mark.parametrize("invisible", INVISIBLE)
@pytest.mark.parametrize("place", ["around the words", "between the letters", "in front of all"])
def test_an_emergency_is_understood_however_it_is_padded(api: Api, invisible: str, place: str) -> None:
    text = {
        "around the words": invisible.join(EMERGENCY.partition(" ")),
        "between the letters": invisible.join(EMERGENCY),
        "in front of all": invisible * 9_000 + EMERGENCY,
    }[place]

    answer = api.say(api.open_session(), text)

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")


def test_an_emergency_is_kept_as_it_can_be_read(api: Api) -> None:
    session = api.open_session()
    api.say(session, "\u200b\x00" + EMERGENCY + "\u202e")

    assert api.history(session)[0]["text"] == EMERGENCY


@pytest.mark.parametrize("text", [EMERGENCY + "!" * 2_000, "a" * 9_000 + " " + EMERGENCY, EMERGENCY + " \ud83d"])
def test_no_rule_about_texts_refuses_an_emergency(api: Api, text: str) -> None:
    body = json.dumps({"text": text})
    answer, _ = _post(api, body)

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")


def test_an_emergency_in_json_that_is_refused_is_answered_all_the_same(api: Api) -> None:
    body = f'{{"text": "{EMERGENCY}", "text": "{EMERGENCY}", "metadata": {{"a": NaN}}}}'
    answer, _ = _post(api, body)

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "escalated")


def test_what_was_taken_out_of_a_text_makes_no_other_message(api: Api) -> None:
    """The same words sent again, with or without what nobody sees, are the same content."""
    session, headers = api.open_session(), {"Idempotency-Key": "k"}

    first = api.say(session, "Is walking enough?", headers=headers)
    again = api.say(session, "Is walking\u200b enough?\x00", headers=headers)

    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_recording_takes_the_same_care_of_its_fields(api: Api) -> None:
    for metadata in ('{"a": 1, "a": 2}', '{"a": NaN}', '{"a":' * 40 + "1" + "}" * 40):
        data = {"audio": (io.BytesIO(WAV), "a.wav"), "metadata": metadata}
        answer = api.post(f"/sessions/{api.open_session()}/voice-chat", data=data, content_type="multipart/form-data")
        assert (answer.status_code, set(answer.get_json()["errors"]["files"])) == (422, {"metadata"}), metadata
