"""A decoded recording and what can be measured of it: how loud, how clipped, how much of it is speech."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
SILENT_DBFS = -60.0  # nobody speaks: the noise of a microphone in a quiet room

_FRAME = SAMPLE_RATE // 50  # 20 ms
_FULL_SCALE = 32_768
_CLIPPED = 32_700
_STANDS_OUT_DB = 9.0  # above the background, which is the level that a tenth of the frames stay below
_LOUD_PERCENTILE, _BACKGROUND_PERCENTILE = 95, 10
_FLOOR_DBFS = -100.0

# Long recordings are heard in pieces: each is a call of its own, which can be waited for, counted and walked away from.
LONGEST_PIECE_SECONDS = 60
_CUT_FROM, _CUT_TO = 20 * 50, 55 * 50  # frames
_PAUSE = 20  # frames: 0.4 s


@dataclass(frozen=True)
class Recording:
    """Decoded audio: signed 16-bit little-endian mono PCM at `SAMPLE_RATE`."""

    pcm: bytes

    @property
    def seconds(self) -> float:
        """Duration, counted in samples."""
        return len(self.pcm) / 2 / SAMPLE_RATE

    @cached_property
    def loudness_dbfs(self) -> float:
        """Level of its loud parts: full scale is 0; speech close to a microphone is between -30 and -10."""
        return float(np.percentile(self._levels, _LOUD_PERCENTILE))

    @cached_property
    def clipping(self) -> float:
        """Share of the samples that are at full scale, from 0 to 1. Above a hundredth it is heard as distortion."""
        samples = np.abs(np.frombuffer(self.pcm, "<i2").astype(np.int32))
        return float(np.mean(samples >= _CLIPPED)) if len(samples) else 0.0

    @cached_property
    def speech_ratio(self) -> float:
        """Share of the time in which something stands out of the background, from 0 to 1; 0 for an even noise."""
        background = np.percentile(self._levels, _BACKGROUND_PERCENTILE)
        return float(np.mean(self._levels > max(background + _STANDS_OUT_DB, SILENT_DBFS)))

    def wav(self) -> bytes:
        """The same as a WAV file."""
        target = io.BytesIO()
        with wave.open(target, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(self.pcm)
        return target.getvalue()

    def pieces(self) -> list[Recording]:
        """The recording in pieces of up to a minute, cut where it is quietest."""
        found, rest, levels = [], self.pcm, self._levels
        while len(rest) > LONGEST_PIECE_SECONDS * SAMPLE_RATE * 2:
            level = np.convolve(levels[_CUT_FROM:_CUT_TO], np.ones(_PAUSE) / _PAUSE, mode="valid").round()
            cut = _CUT_FROM + int(np.flatnonzero(level == level.min())[-1]) + _PAUSE // 2
            found.append(Recording(rest[: cut * _FRAME * 2]))
            rest, levels = rest[cut * _FRAME * 2 :], levels[cut:]
        return [*found, Recording(rest)]

    @cached_property
    def _levels(self) -> NDArray[np.float64]:
        """Of each frame, in dBFS."""
        samples = np.frombuffer(self.pcm, "<i2")
        if len(samples) < _FRAME:
            samples = np.pad(samples, (0, _FRAME - len(samples)))
        frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float32)
        power = np.mean(np.square(frames / _FULL_SCALE), axis=1, dtype=np.float64)
        return 10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DBFS / 10)))
