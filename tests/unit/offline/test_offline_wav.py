import io
import struct
import wave

import numpy as np
import pytest

from offline import wav
from offline.errors import ApiError

TONE_HZ = 440


def tone(seconds: float, rate: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(int(seconds * rate)) / rate)


def file(frames: bytes, *, width: int = 2, channels: int = 1, rate: int = 16_000) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as recording:
        recording.setsampwidth(width)
        recording.setnchannels(channels)
        recording.setframerate(rate)
        recording.writeframes(frames)
    return data.getvalue()


def packed(width: int) -> bytes:
    samples = tone(0.5, 16_000)
    if width == 1:
        return (samples * 127 + 128).astype(np.uint8).tobytes()
    whole = (samples * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    return b"".join(struct.pack("<q", value)[:width] for value in whole)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_sample_width_reads_as_the_same_sound(width: int) -> None:
    assert np.allclose(wav.read(file(packed(width), width=width)), tone(0.5, 16_000), atol=0.02)


def test_channels_are_mixed_into_one() -> None:
    left, right = np.full(16_000, 16_384, "<i2"), np.zeros(16_000, "<i2")
    samples = wav.read(file(np.column_stack([left, right]).tobytes(), channels=2))
    assert samples.shape == (16_000,)
    assert np.allclose(samples, 0.25)


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 48_000])
def test_other_sample_rates_keep_length_and_pitch(rate: int) -> None:
    samples = wav.read(file((tone(1, rate) * 32767).astype("<i2").tobytes(), rate=rate))
    spectrum = np.abs(np.fft.rfft(samples))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(16_000, abs=160)
    assert np.argmax(spectrum) * 16_000 / len(samples) == pytest.approx(TONE_HZ, abs=3)


def test_a_file_cut_in_the_middle_of_a_sample_is_read_up_to_there() -> None:
    whole = file((tone(1, 16_000) * 32767).astype("<i2").tobytes())
    assert len(wav.read(whole[:-8001])) == 16_000 - 4001


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "PCM WAV"),
        (b"ID3\x04 an mp3 file", "PCM WAV"),
        (b"only text, whatever the name says", "PCM WAV"),
        (file(b"")[:20], "PCM WAV"),
        (file(packed(2)).replace(b"WAVEfmt \x10\0\0\0\x01\0", b"WAVEfmt \x10\0\0\0\x55\0"), "PCM WAV"),
        (file(b"\0\0" * 1599), "0.1 seconds"),
        (file(b"\0" * 8_000 * 901, width=1, rate=8_000), "15 minutes"),
        (file(b"\0\0" * 16_000, rate=1_000), "sample rate"),
        (file(b"\0\0" * 16_000, channels=9), "channels"),
    ],
)
def test_what_cannot_be_transcribed_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ApiError, match=reason) as refused:
        wav.read(data)
    assert (refused.value.status, refused.value.param) == (400, "file")
