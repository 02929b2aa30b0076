import io
import re
import wave
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest

TEXT = "I would like to walk more, but my knees ache in the morning. What could I do at home?"


def speak(client: openai.OpenAI, text: str = TEXT, **options: object) -> bytes:
    body = {"model": "offline-voice", "voice": "alloy", "input": text} | options
    return client.post("/audio/speech", body=body, cast_to=openai.HttpxBinaryResponseContent).content


def samples(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    with wave.open(io.BytesIO(data)) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), "<i2") / 32768


def silence(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(int(seconds * 32_000)))
    return file.getvalue()


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.fixture(scope="module")
def spoken(client: openai.OpenAI) -> bytes:
    return speak(client, response_format="wav")


def test_what_was_spoken_is_what_is_heard(client: openai.OpenAI, spoken: bytes) -> None:
    heard = client.audio.transcriptions.create(model="whisper-tiny.en", file=("voice.wav", spoken))
    assert SequenceMatcher(None, words(TEXT), words(heard.text)).ratio() > 0.9


def test_the_verbose_form_has_duration_language_and_how_sure_each_segment_is(
    client: openai.OpenAI, spoken: bytes
) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-tiny.en",
        file=("voice.wav", spoken),
        response_format="verbose_json",
        language="en",
        temperature=0,
        prompt="A person talks about walking.",
    )
    assert heard.language == "english"
    assert heard.duration == pytest.approx(len(samples(spoken)) / 24_000, abs=0.01)
    assert heard.segments
    assert "".join(segment.text for segment in heard.segments).strip() == heard.text
    assert all(-1 < segment.avg_logprob < 0 and 0 <= segment.no_speech_prob < 0.5 for segment in heard.segments)


def test_who_asks_for_times_gets_a_segment_a_sentence(client: openai.OpenAI, spoken: bytes) -> None:
    def segments(**more: Any) -> list[Any]:
        file = ("voice.wav", spoken)
        heard = client.audio.transcriptions.create(
            model="whisper-tiny.en", file=file, response_format="verbose_json", **more
        )
        return list(heard.segments)

    timed = segments(timestamp_granularities=["segment"])

    assert len(timed) > len(segments()) == 1
    assert all(one.end <= other.start for one, other in pairwise(timed))


def test_the_text_form_is_plain_text(client: openai.OpenAI, spoken: bytes) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-tiny.en", file=("voice.wav", spoken), response_format="text"
    )
    assert isinstance(heard, str)
    assert "knees" in heard


def test_silence_is_heard_as_nothing(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-tiny.en", file=("quiet.wav", silence(3)), response_format="verbose_json"
    )
    assert (heard.text, heard.segments) == ("", [])
    assert heard.duration == 3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "srt"}, "response_format"),
        ({"language": "fr"}, "language"),
        ({"temperature": "2"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"stream": "true"}, "stream"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"file": None}, "file"),
        ({"file": ("voice.mp3", b"ID3 not a wav")}, "file"),
        ({"file": ("voice.wav", b"")}, "file"),
    ],
)
def test_what_cannot_be_transcribed_is_refused(base_url: str, fields: dict[str, object], param: str) -> None:
    values: dict[str, Any] = {"model": "whisper-tiny.en", "file": ("voice.wav", silence(1))} | fields
    file = values.pop("file") or ("", "not a file")
    response = httpx.post(f"{base_url}/audio/transcriptions", data=values, files={"file": file})
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("audio_format", "codec"),
    [("mp3", "mp3float"), ("opus", "opus"), ("aac", "aac"), ("flac", "flac"), ("wav", "pcm_s16le")],
)
def test_speech_comes_in_each_format(client: openai.OpenAI, audio_format: str, codec: str) -> None:
    data = speak(client, response_format=audio_format)
    with av.open(io.BytesIO(data), "r") as file:
        stream = file.streams.audio[0]
        assert stream.codec_context.name.startswith(codec)
        decoded = [frame.to_ndarray() for frame in file.decode(stream)]
        seconds = sum(frame.shape[-1] for frame in decoded) / stream.rate
    assert seconds == pytest.approx(5.3, abs=0.5)


def test_mp3_is_the_default_and_pcm_has_no_header(client: openai.OpenAI, spoken: bytes) -> None:
    assert speak(client) == speak(client, response_format="mp3")
    assert speak(client, response_format="pcm") == spoken[44:]


def test_speech_is_loud_enough_and_never_clipped(spoken: bytes) -> None:
    sound = samples(spoken)
    assert np.sqrt(np.mean(sound**2)) > 0.06
    assert 0.3 < np.abs(sound).max() < 0.95


def test_speed_shortens_or_stretches_speech(client: openai.OpenAI, spoken: bytes) -> None:
    fast = speak(client, response_format="wav", speed=2)
    slow = speak(client, response_format="wav", speed=0.5)
    assert len(fast) < 0.7 * len(spoken) < 0.7 * 0.7 * len(slow)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "... ?! —"}, "input"),
        ({"input": "🙂"}, "input"),
        ({"input": "你好"}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"input": 7}, "input"),
        ({"voice": ""}, "voice"),
        ({"voice": None}, "voice"),
        ({"voice": {"id": "x"}}, "voice"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.5}, "speed"),
        ({"speed": True}, "speed"),
        ({"response_format": "ogg"}, "response_format"),
        ({"stream_format": "sse"}, "stream_format"),
    ],
)
def test_what_cannot_be_spoken_is_refused(client: openai.OpenAI, change: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.post(
            "/audio/speech", body={"model": "offline-voice", "voice": "a", "input": "Hi"} | change, cast_to=object
        )
    assert error.value.param == param


def test_other_models_are_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="Hi")
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(model="whisper-1", file=("voice.wav", silence(1)))
