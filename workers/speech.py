"""Speech to text and text to speech through the `openai` client."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import openai

from coach.model import CONNECT_SECONDS, mapped_errors, seconds_left
from workers.audio import Recording

NO_SPEECH_PROBABILITY = 0.6  # Whisper's own threshold: https://github.com/openai/whisper (transcribe.py)
NO_SPEECH_LOG_PROBABILITY = -1.0
VOICE = "alloy"
READ_SECONDS = 120.0  # without a byte; the longest recording takes a hosted model some twenty seconds


@dataclass(frozen=True)
class Transcript:
    """What was heard. `confidence` from 0 to 1; empty `text` means that nobody spoke."""

    text: str
    language: str
    confidence: float | None
    seconds: float

    def public(self) -> dict[str, Any]:
        """The `transcript` object of a job."""
        return {name: value for name, value in asdict(self).items() if name != "seconds"}


class Speech:
    """Transcribes and speaks. Errors are `CoachError`, with the same meaning as for the chat model."""

    def __init__(self, client: openai.OpenAI, transcription_model: str, speech_model: str) -> None:
        self._client = client
        self._transcription_model = transcription_model
        self._speech_model = speech_model

    def transcribe(self, recording: Recording, *, timeout: Callable[[], float]) -> Transcript:
        """Words of a recording. `timeout` answers how many seconds are left, and may raise to stop."""
        with mapped_errors():
            answer = self._client.audio.transcriptions.create(
                file=("recording.wav", recording.wav(), "audio/wav"),
                model=self._transcription_model,
                response_format="verbose_json",
                timeout=_limits(timeout),
            )
        heard = [segment for segment in answer.segments or [] if not _silent(segment)]
        text = " ".join(segment.text.strip() for segment in heard).strip() if answer.segments else answer.text.strip()
        if not re.search(r"\w", text):
            text = ""
        spoken = sum(segment.end - segment.start for segment in heard)
        weighted = sum(segment.avg_logprob * (segment.end - segment.start) for segment in heard)
        confidence = round(math.exp(weighted / spoken), 3) if spoken > 0 else None
        return Transcript(text, answer.language, confidence, recording.seconds)

    def speak(self, text: str, *, timeout: Callable[[], float]) -> bytes:
        """The text as MP3."""
        with mapped_errors():
            answer = self._client.audio.speech.create(
                input=text, model=self._speech_model, voice=VOICE, response_format="mp3", timeout=_limits(timeout)
            )
            return answer.read()


def _limits(timeout: Callable[[], float]) -> openai.Timeout:
    """For connecting and for each read. The call as a whole is bounded by whoever waits for it: `workers.aside`."""
    left = seconds_left(timeout)
    return openai.Timeout(min(left, READ_SECONDS), connect=min(left, CONNECT_SECONDS))


def _silent(segment: Any) -> bool:
    likely_silence: bool = segment.no_speech_prob > NO_SPEECH_PROBABILITY
    return likely_silence and segment.avg_logprob < NO_SPEECH_LOG_PROBABILITY
