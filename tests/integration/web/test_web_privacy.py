"""What the web process does with what it cannot read, and with what nobody else shall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config import Settings
from tests.integration.web.api import Api
from tests.support.audio_files import encode, tone

pytestmark = pytest.mark.usefixtures("redis")


def _without_its_key(settings: Settings) -> Api:
    return Api(replace(settings, data_encryption_keys=(bytes(32),)))


def test_a_session_whose_data_key_is_gone_is_a_clear_503(settings: Settings) -> None:
    session = Api(settings).open_session(json={"metadata": {"note": "plainly-said"}})
    api = _without_its_key(settings)
    for path in (f"/sessions/{session}", f"/sessions/{session}/messages", "/sessions"):
        answer = api.get(path)
        assert answer.status_code == 503
        problem = answer.get_json()
        assert problem["code"] == "unreadable"
        assert "Tell the operator" in problem["detail"]
        assert "plainly-said" not in answer.text


def test_it_can_be_erased_all_the_same(settings: Settings) -> None:
    session = Api(settings).open_session()
    api = _without_its_key(settings)
    assert api.delete(f"/sessions/{session}").status_code == 200
    assert api.get(f"/sessions/{session}").status_code == 404
    assert api.get("/sessions").get_json()["data"] == []


def test_an_emergency_is_answered_with_help_although_the_session_cannot_be_read(settings: Settings) -> None:
    session = Api(settings).open_session()
    answer = _without_its_key(settings).say(session, "I have crushing chest pain and cannot breathe")
    assert answer.status_code == 503
    assert "911" in answer.get_json()["safety"]["text"]


def test_a_recording_is_never_put_into_a_temporary_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody's voice would have been written to the disk")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    api = Api(settings)
    recording = encode(tone(30), "speech.wav")
    assert len(recording) > 900_000
    assert api.record(api.open_session(), ("audio", recording, "long.wav", "audio/wav")).status_code == 202
