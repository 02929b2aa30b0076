import json
from typing import Any

import pytest
from marshmallow import ValidationError

from web.message_schemas import MessageSchema, VoiceSchema
from web.schemas import Moment
from web.session_schemas import OpenSessionSchema


def _errors(schema: Any, body: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        schema.load(body)
    return caught.value.messages


def _nested(levels: int) -> Any:
    value: Any = {}
    for level in range(1, levels):
        value = [value] if level % 2 and level < levels - 1 else {"in": value}
    return value


def test_metadata_may_be_anything_json_can_hold() -> None:
    metadata = {"a": 1, "b": [True, None, 1.5, {"c": "é 🙂"}], "": "", "a.b": {}}

    assert OpenSessionSchema().load({"metadata": metadata}) == {"metadata": metadata}
    assert OpenSessionSchema().load({}) == {"metadata": {}}


def test_metadata_is_measured_in_bytes_of_utf_8() -> None:
    frame = len(json.dumps({"a": ""}))

    assert OpenSessionSchema().load({"metadata": {"a": "é" * ((4096 - frame) // 2)}})
    assert "4096" in str(_errors(OpenSessionSchema(), {"metadata": {"a": "é" * ((4096 - frame) // 2 + 1)}}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800", {"\udfff": 1}])
def test_metadata_that_nobody_else_could_read_is_refused(value: Any) -> None:
    assert set(_errors(OpenSessionSchema(), {"metadata": {"a": value}})) == {"metadata"}


def test_metadata_may_be_nested_twenty_levels() -> None:
    assert OpenSessionSchema().load({"metadata": _nested(20)})
    assert "nested" in str(_errors(OpenSessionSchema(), {"metadata": _nested(21)}))
    assert set(_errors(OpenSessionSchema(), {"metadata": _nested(1500)})) == {"metadata"}


@pytest.mark.parametrize("value", [None, [], "x", 1, {1: 2}])
def test_metadata_is_an_object(value: Any) -> None:
    assert "metadata" in _errors(OpenSessionSchema(), {"metadata": value})


@pytest.mark.parametrize("text", ["", " ", "\n\t\r ", "\u00a0\u2003", "half a \ud83d character", None, 5, ["x"], {}])
def test_a_message_is_text_with_something_in_it(text: Any) -> None:
    assert set(_errors(MessageSchema(), {"text": text})) == {"text"}


@pytest.mark.parametrize("text", ["x", " hello ", "0", "🙂", "日本語", "a\nb", "<script>", '{"a": 1}', "né" * 5_000])
def test_a_message_reaches_the_coach_as_it_was_written(text: str) -> None:
    assert MessageSchema().load({"text": text})["text"] == text


@pytest.mark.parametrize(
    "more", [{"x": 1}, {"on_busy": "cancel_everything"}, {"speak": "maybe"}, {"webhook": {}}, {"Text": "x"}]
)
def test_a_message_has_no_other_fields(more: dict[str, Any]) -> None:
    assert set(_errors(MessageSchema(), {"text": "hello", **more})) == set(more)


@pytest.mark.parametrize("metadata", ["", "x", "[1]", "null", "{", "[" * 100_000, '{"a": NaN}', '{"a": "\\ud800"}'])
def test_metadata_in_a_form_is_a_json_object(metadata: str) -> None:
    assert "metadata" in _errors(VoiceSchema(partial=True), {"metadata": metadata})


def test_metadata_in_a_form_is_read() -> None:
    assert VoiceSchema(partial=True).load({"metadata": '{"a": [1]}'})["metadata"] == {"a": [1]}


def test_a_recording_is_a_file() -> None:
    assert "file" in str(_errors(VoiceSchema(), {"audio": "RIFF"}))


def test_times_are_rfc_3339_in_utc() -> None:
    assert Moment().serialize("at", {"at": 1_790_000_000_123}) == "2026-09-21T14:13:20.123Z"
    assert Moment().serialize("at", {"at": None}) is None
