"""What the offline voice says, and what the offline ear makes of it when a bad phone brought it."""

from __future__ import annotations

import openai
import pytest

from bench.voice.degraded import SLOW, VARIANTS, hum, resampled, white_noise
from config import OFFLINE_MODELS
from workers.recording import Recording
from workers.speech import SPEECH_RATE, Speech
from workers.transcript import LOW
from workers.voice_commands import hear
from workers.word_errors import word_errors

TEXT = (
    "I would like to walk more, but my knees feel stiff in the morning. My daughter lives far away, so I have "
    "nobody to go with. I have twenty minutes after breakfast. What could I do at home? "
    "Last winter I slipped on the ice."
)
FOREIGN = "Guten Morgen, ich moechte mehr spazieren gehen, aber meine Knie tun weh."
MOST_WRONG = {"clean": 0.05, **dict.fromkeys([*VARIANTS, "slow"], 0.12)}


@pytest.fixture(scope="module")
def speech(client: openai.OpenAI) -> Speech:
    return Speech(client, OFFLINE_MODELS["OPENAI_TRANSCRIPTION_MODEL"], OFFLINE_MODELS["OPENAI_SPEECH_MODEL"])


def _say(client: openai.OpenAI, text: str, speed: float = 1.0) -> bytes:
    model = OFFLINE_MODELS["OPENAI_SPEECH_MODEL"]
    answer = client.audio.speech.create(input=text, model=model, voice="alloy", response_format="pcm", speed=speed)
    return resampled(answer.read(), SPEECH_RATE)


@pytest.fixture(scope="module")
def spoken(client: openai.OpenAI) -> bytes:
    return _say(client, TEXT)


@pytest.mark.parametrize("variant", MOST_WRONG)
def test_so_few_words_are_wrong(client: openai.OpenAI, speech: Speech, spoken: bytes, variant: str) -> None:
    pcm = _say(client, TEXT, SLOW) if variant == "slow" else VARIANTS.get(variant, bytes)(spoken)

    heard = hear(Recording(pcm), speech)

    assert word_errors(TEXT, heard.text).rate <= MOST_WRONG[variant], heard.text
    assert heard.confidence is not None and heard.confidence > LOW
    assert heard.language == "english"


def test_of_another_language_it_is_not_sure(client: openai.OpenAI, speech: Speech) -> None:
    heard = hear(Recording(_say(client, FOREIGN)), speech)

    assert heard.confidence is not None and heard.confidence < LOW, heard.text


@pytest.mark.parametrize(
    "sound", [white_noise(5), white_noise(5, -15), white_noise(40), hum(5)], ids=["soft", "loud", "long", "hum"]
)
def test_of_noise_no_words_are_made(speech: Speech, sound: bytes) -> None:
    assert hear(Recording(sound), speech).text == ""


def test_more_than_a_minute_is_heard_in_pieces_and_no_word_is_lost(speech: Speech, spoken: bytes) -> None:
    recording = Recording((spoken + bytes(16_000)) * 5)
    assert len(recording.pieces()) > 1

    heard = hear(recording, speech)

    assert word_errors(" ".join([TEXT] * 5), heard.text).rate <= 0.05
    assert heard.seconds == pytest.approx(recording.seconds, abs=0.01)
