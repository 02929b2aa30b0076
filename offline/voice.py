"""Text to speech: hibari's English voice, brought to an even loudness and encoded."""

from __future__ import annotations

import io
import threading
import wave
from typing import cast

import av
import numpy as np
from hibari import SAMPLE_RATE, Hibari
from numpy.typing import NDArray

# The voice comes out near -27 dBFS RMS. Speech for listening sits near -20, and peaks stay below full scale.
TARGET_RMS = 0.1
PEAK = 0.89
SEED = 0  # of the noise in the voice: the same text sounds the same each time

# format -> (container, codec, content type), as FFmpeg names them
_ENCODED = {
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "opus": ("ogg", "libopus", "audio/ogg"),
    "aac": ("adts", "aac", "audio/aac"),
    "flac": ("flac", "flac", "audio/flac"),
}
_RAW = {"wav": "audio/wav", "pcm": "audio/pcm"}
CONTENT_TYPES = {name: content_type for name, (_, _, content_type) in _ENCODED.items()} | _RAW

Samples = NDArray[np.float32]


class Voice:
    """The loaded voice. Safe to share between threads: it speaks one text at a time."""

    def __init__(self) -> None:
        self._hibari = Hibari()
        self._hibari("Ready.")  # loads the dictionaries, which it does on first use
        self._lock = threading.Lock()

    def speak(self, text: str, speed: float) -> Samples:
        """`text` as samples at 24 kHz; empty when nothing in it can be spoken. `speed` 1.0 is the natural pace."""
        if not any(character.isalnum() for character in text):
            return np.zeros(0, np.float32)  # the voice would breathe out for a moment
        with self._lock:
            samples: Samples = self._hibari(text, speed=speed, seed=SEED)
        return _even(samples)


def encode(samples: Samples, audio_format: str) -> bytes:
    """`samples` as a file of one of `CONTENT_TYPES`; `pcm` is 16-bit little-endian without a header."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    if audio_format == "pcm":
        return pcm.tobytes()
    file = io.BytesIO()
    if audio_format == "wav":
        with wave.open(file, "wb") as recording:
            recording.setnchannels(1)
            recording.setsampwidth(2)
            recording.setframerate(SAMPLE_RATE)
            recording.writeframes(pcm.tobytes())
        return file.getvalue()
    container, codec, _ = _ENCODED[audio_format]
    with av.open(file, "w", format=container) as output:
        stream = cast(av.AudioStream, output.add_stream(codec, rate=SAMPLE_RATE, layout="mono"))
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return file.getvalue()


def _even(samples: Samples) -> Samples:
    loudness = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    if not loudness:
        return np.zeros(0, np.float32)
    return samples * min(TARGET_RMS / loudness, PEAK / float(np.abs(samples).max()))
