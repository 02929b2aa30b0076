"""Speech as it reaches us from bad phones and rooms: made worse from 16-bit mono PCM at 16 kHz."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
SLOW = 0.7  # of the natural pace
_TELEPHONE_HZ = (300, 3400)  # ITU-T G.712
Samples = NDArray[np.float64]


def samples_of(pcm: bytes) -> Samples:
    """PCM as numbers from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def pcm_of(samples: Samples) -> bytes:
    """The way back; what is beyond full scale is clipped."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def white_noise(seconds: float, dbfs: float = -30.0, seed: int = 1) -> bytes:
    """Even noise, and nothing else."""
    found = np.random.default_rng(seed).normal(0, 10 ** (dbfs / 20), int(seconds * RATE))
    return pcm_of(found)


def hum(seconds: float, dbfs: float = -25.0) -> bytes:
    """Mains hum with its first overtones."""
    times = np.arange(int(seconds * RATE)) / RATE
    waves = sum(np.sin(2 * np.pi * 60 * n * times) / n for n in (1, 2, 3))
    return pcm_of(np.asarray(waves) * 10 ** (dbfs / 20))


def resampled(pcm: bytes, rate: int) -> bytes:
    """From another sample rate to 16 kHz."""
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm)
    frame.sample_rate = rate
    resampler = av.AudioResampler("s16", "mono", RATE)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return b"".join(bytes(part.planes[0])[: part.samples * 2] for part in parts)


def noisy(pcm: bytes, decibels: float = 12.0) -> bytes:
    """Under noise of a room (falling by 3 dB an octave) so many decibels below the speech."""
    speech = samples_of(pcm)
    white = np.random.default_rng(7).normal(0, 1, len(speech))
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(speech))
    wanted = np.sqrt(np.mean(speech**2)) / 10 ** (decibels / 20)
    return pcm_of(speech + pink * wanted / np.sqrt(np.mean(pink**2)))


def low_bitrate(pcm: bytes) -> bytes:
    """Through Opus at 8 kbit/s and back."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = 8000
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    file.seek(0)
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(file, "r") as back:
        parts = [part for heard in back.decode(audio=0) for part in resampler.resample(heard)]
    parts += resampler.resample(None)
    return b"".join(bytes(part.planes[0])[: part.samples * 2] for part in parts)


def telephone(pcm: bytes) -> bytes:
    """The band of a telephone and no more."""
    speech = samples_of(pcm)
    spectrum = np.fft.rfft(speech)
    frequencies = np.fft.rfftfreq(len(speech), 1 / RATE)
    spectrum[(frequencies < _TELEPHONE_HZ[0]) | (frequencies > _TELEPHONE_HZ[1])] = 0
    return pcm_of(np.fft.irfft(spectrum, len(speech)))


def quiet(pcm: bytes) -> bytes:
    """30 dB softer: spoken from across the room."""
    return pcm_of(samples_of(pcm) * 10 ** (-30 / 20))


VARIANTS: dict[str, Callable[[bytes], bytes]] = {
    "noisy": noisy,
    "low bitrate": low_bitrate,
    "telephone": telephone,
    "quiet": quiet,
}
