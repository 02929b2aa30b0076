"""A spoken reply as one file, which grows as it is spoken: samples in, bytes of MP3, Opus in Ogg, or WAV out."""

from __future__ import annotations

import io
import wave
from typing import NamedTuple, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

# Speech for listening sits near -20 dBFS, with peaks below full scale.
TARGET_RMS, PEAK = 0.1, 0.89
_MOST_GAIN = 20.0  # 26 dB: what is softer than that is no speech
_SPOKEN = 0.05  # of the peak: samples below are pauses, and have no part in the loudness

Samples = NDArray[np.float32]


class _Kind(NamedTuple):
    container: str
    codec: str
    bit_rate: int
    options: dict[str, str]


# Nothing in these files tells their length: it is not known when the first bytes leave.
_KINDS = {
    "mp3": _Kind("mp3", "libmp3lame", 48_000, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": _Kind("ogg", "libopus", 32_000, {"page_duration": "200000"}),
}


class Encoder:
    """Encodes one reply; the loudness of its first words decides how much louder or softer all of it becomes."""

    def __init__(self, audio_format: str, rate: int) -> None:
        self._rate = rate
        self._gain = 0.0
        self._file = _Wav(rate) if audio_format == "wav" else _Stream(_KINDS[audio_format], rate)

    def add(self, pcm: bytes) -> bytes:
        """Encode signed 16-bit mono samples; returns what there is of the file by now, beyond what was returned."""
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / np.float32(32_768)
        if not len(samples):
            return b""
        self._gain = self._gain or _gain(samples)
        loud = samples * min(self._gain, PEAK / max(float(np.abs(samples).max()), 1e-6))
        return self._file.add((loud * 32_767).astype("<i2"))

    def close(self) -> bytes:
        """The end of the file; of WAV, whose head tells the length, all of it."""
        return self._file.close()


class _Stream:
    def __init__(self, kind: _Kind, rate: int) -> None:
        self._sink = _Sink()
        options = {**kind.options, "flush_packets": "1"}
        self._container = av.open(self._sink, "w", format=kind.container, options=options, buffer_size=4096)
        self._stream = cast(AudioStream, self._container.add_stream(kind.codec, rate=rate, layout="mono"))
        self._stream.bit_rate = kind.bit_rate
        self._rate, self._samples = rate, 0

    def add(self, samples: NDArray[np.int16]) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._samples
        self._samples += len(samples)
        self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def close(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()


class _Wav:
    def __init__(self, rate: int) -> None:
        self._rate, self._pcm = rate, bytearray()

    def add(self, samples: NDArray[np.int16]) -> bytes:
        self._pcm += samples.tobytes()
        return b""

    def close(self) -> bytes:
        target = io.BytesIO()
        with wave.open(target, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._rate)
            file.writeframes(bytes(self._pcm))
        return target.getvalue()


class _Sink:
    """A file that cannot be gone back in, so that nothing is written that would have to be changed later."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _gain(samples: Samples) -> float:
    loudness = np.abs(samples)
    spoken = samples[loudness > _SPOKEN * loudness.max()]
    return min(TARGET_RMS / float(np.sqrt(np.mean(np.square(spoken)))), _MOST_GAIN) if len(spoken) else 1.0
