"""Recordings of any container, as 16 kHz mono PCM: decoded in a child process that can open nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SAMPLE_RATE = 16_000
_CHILD = Path(__file__).parent / "decode_child.py"
_WALL_SECONDS = 30.0


# What `decode_child.py` answers -> what the person reads.
_REFUSALS = {
    "audio_unreadable": "The recording could not be read. Please record it again as WAV, WebM, MP3, M4A or Ogg.",
    "audio_too_long": "The recording is too long. Please send a shorter one.",
}


class AudioError(Exception):
    """A recording cannot be used, and sending it again will not help. `message` is fit for the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = _REFUSALS[code]


@dataclass(frozen=True)
class Recording:
    """Decoded audio: signed 16-bit little-endian mono PCM at `SAMPLE_RATE`."""

    pcm: bytes

    @property
    def seconds(self) -> float:
        """Duration, counted in samples."""
        return len(self.pcm) / 2 / SAMPLE_RATE

    def wav(self) -> bytes:
        """The same as a WAV file."""
        target = io.BytesIO()
        with wave.open(target, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(self.pcm)
        return target.getvalue()


def decode(
    upload: bytes, *, max_seconds: int, run: Callable[[Callable[[], bytes]], bytes] = lambda call: call()
) -> Recording:
    """Decode an uploaded recording.

    `run` makes the blocking call; when it raises instead of waiting for the end, the child is killed.

    Raises:
        AudioError: `audio_unreadable` (not audio, damaged, or too slow to decode) or `audio_too_long`.
    """
    command, pipe = [sys.executable, "-I", str(_CHILD), str(max_seconds)], subprocess.PIPE
    # S603: our own interpreter and file; the upload goes in as bytes.
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        header, _, pcm = run(lambda: _answer(child, upload)).partition(b"\n")
    finally:
        child.kill()
    try:
        error = json.loads(header)["error"]
    except (ValueError, KeyError, TypeError):  # the child died before it could say why
        error = "audio_unreadable"
    if error:
        raise AudioError(error)
    return Recording(pcm)


def _answer(child: subprocess.Popen[bytes], upload: bytes) -> bytes:
    with child:
        try:
            return child.communicate(upload, timeout=_WALL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            child.kill()
            raise AudioError("audio_unreadable") from None
