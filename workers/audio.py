"""Recordings of any container, as 16 kHz mono PCM: decoded in a child process that can open nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workers.recording import Recording

_CHILD = Path(__file__).parent / "decode_child.py"
_WALL_SECONDS = 15.0  # the child ends itself after seconds of CPU time; this is for a crowded machine

# What `decode_child.py` answers -> what the person reads.
_REFUSALS = {
    "audio_unreadable": "The recording could not be read. Please record it again as WAV, WebM, MP3, M4A or Ogg.",
    "audio_truncated": "The recording breaks off before anything can be heard. Please record it again.",
    "audio_too_long": "The recording is too long. Please send a shorter one.",
}


class AudioError(Exception):
    """A recording cannot be used, and sending it again will not help. `message` is fit for the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = _REFUSALS[code]


Run = Callable[[Callable[[], bytes]], bytes]


def _at_once(call: Callable[[], bytes]) -> bytes:
    return call()


class Decoder:
    """Decodes recordings of up to `max_seconds`. Safe to share between threads.

    A child takes longer to import FFmpeg than to decode a message, so one may be started ahead with :meth:`prepare`.
    It waits for its recording, and ends when this process does.
    """

    def __init__(self, max_seconds: int) -> None:
        self._max_seconds = max_seconds
        self._ready: deque[subprocess.Popen[bytes]] = deque()

    def prepare(self) -> None:
        """Start the child that the next recording will be decoded in, unless there is one."""
        if not self._ready:
            self._ready.append(_start())

    def decode(self, upload: bytes, *, run: Run = _at_once) -> Recording:
        """Decode an uploaded recording.

        `run` makes the blocking call; when it raises instead of waiting for the end, the child is killed.

        Raises:
            AudioError: `audio_unreadable` (not audio, damaged, or too slow to decode), `audio_truncated` (it breaks off
                at once) or `audio_too_long`.
        """
        child = self._child()
        try:
            header, _, pcm = run(lambda: _answer(child, b"%d\n%b" % (self._max_seconds, upload))).partition(b"\n")
        finally:
            child.kill()
        try:
            error = json.loads(header)["error"]
        except (ValueError, KeyError, TypeError):  # the child died before it could say why
            error = "audio_unreadable"
        if error:
            raise AudioError(error)
        return Recording(pcm)

    def _child(self) -> subprocess.Popen[bytes]:
        with suppress(IndexError):
            while (child := self._ready.popleft()).poll() is not None:
                pass  # somebody killed it while it waited
            return child
        return _start()


def decode(upload: bytes, *, max_seconds: int) -> Recording:
    """Decode one recording; see `Decoder.decode`."""
    return Decoder(max_seconds).decode(upload)


def _start() -> subprocess.Popen[bytes]:
    command, pipe = [sys.executable, "-I", str(_CHILD)], subprocess.PIPE
    # S603: our own interpreter and file; the upload goes in as bytes.
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)  # noqa: S603


def _answer(child: subprocess.Popen[bytes], upload: bytes) -> bytes:
    with child:
        try:
            return child.communicate(upload, timeout=_WALL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            child.kill()
            raise AudioError("audio_unreadable") from None
