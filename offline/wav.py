"""PCM WAV files to the samples that Whisper reads."""

from __future__ import annotations

import io
import wave

import av
import numpy as np

from offline.errors import ApiError
from offline.whisper import SAMPLE_RATE, Samples

MIN_SECONDS = 0.1  # as the OpenAI API
MAX_SECONDS = 15 * 60
_MAX_CHANNELS = 8
_RATES = range(4_000, 192_001)


def read(data: bytes) -> Samples:
    """The recording as mono samples from -1 to 1 at 16 kHz.

    Raises:
        ApiError: when `data` is no PCM WAV file, or shorter than 0.1 s or longer than 15 minutes.
    """
    try:
        with wave.open(io.BytesIO(data)) as recording:
            width, channels, rate = recording.getsampwidth(), recording.getnchannels(), recording.getframerate()
            frames = recording.readframes(recording.getnframes())
    except (wave.Error, EOFError, RuntimeError):  # RuntimeError: a chunk that claims to be longer than the file
        raise _refused(
            "The file is not PCM WAV audio, the only format the offline server reads. Convert it first, for example "
            "with `ffmpeg -i recording.mp3 -ar 16000 -ac 1 recording.wav`."
        ) from None
    if not (1 <= channels <= _MAX_CHANNELS and rate in _RATES):
        raise _refused("The WAV file must have 1 to 8 channels and a sample rate from 4 to 192 kHz.")
    seconds = len(frames) / (width * channels * rate)
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise _refused(f"The recording must be from {MIN_SECONDS:g} seconds to {MAX_SECONDS // 60} minutes long.")
    mono = _floats(frames[: len(frames) // (width * channels) * width * channels], width)
    mono = mono.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono if rate == SAMPLE_RATE else _resampled(mono, rate)


def _refused(message: str) -> ApiError:
    return ApiError(message, param="file", code="invalid_audio")


def _floats(frames: bytes, width: int) -> Samples:
    """Integers of `width` bytes as numbers from -1 to 1; one byte is unsigned, the others are little-endian."""
    if width == 1:
        return (np.frombuffer(frames, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    raw = np.frombuffer(frames, np.uint8).reshape(-1, width)
    padded = np.zeros((len(raw), 4), np.uint8)
    padded[:, 4 - width :] = raw  # the high bytes of a 32-bit integer
    return padded.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)


def _resampled(samples: Samples, rate: int) -> Samples:
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
    return np.concatenate([part.to_ndarray()[0] for part in [*resampler.resample(frame), *resampler.resample(None)]])
