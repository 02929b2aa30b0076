"""Speech to text and text to speech through the `openai` client."""

from __future__ import annotations

import re
from collections.abc import Callable

import openai

from coach.model import CONNECT_SECONDS, mapped_errors, seconds_left
from workers.recording import Recording
from workers.transcript import Transcript, of_segments, of_text

VOICE = "alloy"
SPEECH_RATE = 24_000  # of the samples that `speak` answers (https://platform.openai.com/docs/api-reference/audio)
READ_SECONDS = 120.0  # without a byte; the longest recording takes a hosted model some twenty seconds
# These answer one text with the log-probability of each token, and have no segments.
_BY_TOKEN = re.compile(r"gpt-4o.*-transcribe")


class Speech:
    """Transcribes and speaks. Errors are `CoachError`, with the same meaning as for the chat model."""

    def __init__(self, client: openai.OpenAI, transcription_model: str, speech_model: str) -> None:
        self._client = client
        self._transcription_model = transcription_model
        self._speech_model = speech_model

    def transcribe(self, recording: Recording, *, timeout: Callable[[], float]) -> Transcript:
        """Words of a recording. `timeout` answers how many seconds are left, and may raise to stop."""
        file, limits = ("recording.wav", recording.wav(), "audio/wav"), _limits(timeout)
        with mapped_errors():
            if _BY_TOKEN.match(self._transcription_model):
                told = self._client.audio.transcriptions.create(
                    file=file,
                    model=self._transcription_model,
                    response_format="json",
                    include=["logprobs"],
                    timeout=limits,
                )
                known = [token.logprob for token in told.logprobs or [] if token.logprob is not None]
                return of_text(told.text, None, known, recording)
            answer = self._client.audio.transcriptions.create(
                file=file, model=self._transcription_model, response_format="verbose_json", timeout=limits
            )
        if answer.segments:
            return of_segments(answer.segments, answer.language, recording)
        return of_text(answer.text, answer.language, (), recording)

    def speak(self, text: str, *, timeout: Callable[[], float]) -> bytes:
        """The text as signed 16-bit little-endian mono PCM at `SPEECH_RATE`."""
        with mapped_errors():
            answer = self._client.audio.speech.create(
                input=text, model=self._speech_model, voice=VOICE, response_format="pcm", timeout=_limits(timeout)
            )
            return answer.read()


def _limits(timeout: Callable[[], float]) -> openai.Timeout:
    """For connecting and for each read. The call as a whole is bounded by whoever waits for it: `workers.aside`."""
    left = seconds_left(timeout)
    return openai.Timeout(min(left, READ_SECONDS), connect=min(left, CONNECT_SECONDS))
