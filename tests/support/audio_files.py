"""Recordings for tests, in every container the service reads, made with PyAV from 16-bit mono PCM."""

from __future__ import annotations

import io
import math
import struct
from typing import cast

import av
from av.audio.stream import AudioStream

# name -> (format, codec, encoder's sample rate, declared type)
CONTAINERS = {
    "speech.wav": ("wav", "pcm_s16le", 16_000, "audio/wav"),
    "speech.mp3": ("mp3", "libmp3lame", 24_000, "audio/mpeg"),
    "speech.ogg": ("ogg", "libopus", 48_000, "audio/ogg"),
    "speech.opus": ("ogg", "libopus", 48_000, "audio/opus"),
    "speech.webm": ("webm", "libopus", 48_000, "audio/webm"),
    "speech.m4a": ("ipod", "aac", 24_000, "audio/mp4"),
    "speech.aac": ("adts", "aac", 24_000, "audio/aac"),
    "speech.flac": ("flac", "flac", 16_000, "audio/flac"),
}


def tone(seconds: float, rate: int = 16_000) -> bytes:
    """A quiet 440 Hz tone as PCM."""
    return b"".join(
        struct.pack("<h", int(6000 * math.sin(2 * math.pi * 440 * n / rate))) for n in range(int(seconds * rate))
    )


def encode(pcm: bytes, container: str, rate: int = 16_000) -> bytes:
    """PCM as a file of one of `CONTAINERS`."""
    format_name, codec, codec_rate, _ = CONTAINERS[container]
    target = io.BytesIO()
    with av.open(target, "w", format=format_name) as out:
        stream = cast(AudioStream, out.add_stream(codec, rate=codec_rate, layout="mono"))
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate = rate
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", codec_rate, frame_size=context.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return target.getvalue()
