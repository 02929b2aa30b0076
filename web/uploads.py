"""What kind of audio an upload is, by its first bytes. Declared type and file name may not contradict them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

from flask import Request
from werkzeug.datastructures import FileStorage

from web.errors import ApiError, too_large


class InMemoryRequest(Request):
    """A request whose uploads never touch the disk: they are somebody's voice. Werkzeug would use temporary files."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


_MP3_SYNC = b"\xff"
_MP3_SYNC_BITS = 0xE0
_MP3_LAYER = 0x06


@dataclass(frozen=True)
class _Kind:
    extensions: frozenset[str]
    types: frozenset[str]


_KINDS = {
    "wav": _Kind(frozenset({".wav"}), frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})),
    "webm": _Kind(frozenset({".webm"}), frozenset({"audio/webm", "video/webm"})),
    "mp3": _Kind(frozenset({".mp3"}), frozenset({"audio/mpeg", "audio/mp3"})),
    "mp4": _Kind(frozenset({".m4a", ".mp4"}), frozenset({"audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4"})),
    "ogg": _Kind(frozenset({".ogg", ".opus"}), frozenset({"audio/ogg", "audio/opus", "application/ogg"})),
}
_SILENT_TYPES = frozenset({"", "application/octet-stream"})  # these claim nothing
_ACCEPTED = "Send audio as WAV, WebM, MP3, M4A, Ogg or Opus."


def read_audio(upload: FileStorage, max_megabytes: int) -> bytes:
    """The bytes of an uploaded recording. Its name is looked at for its ending only, and is not kept.

    Raises:
        ApiError: 413 too large, 415 not audio or declared as something else, 422 empty.
    """
    content = upload.stream.read(max_megabytes * 1024 * 1024 + 1)
    if len(content) > max_megabytes * 1024 * 1024:
        raise too_large(max_megabytes)
    if not content:
        raise ApiError(422, "invalid_request", "The recording is empty.", errors={"files": {"audio": ["Empty file."]}})
    kind = _KINDS.get(_sniff(content[:16]))
    if kind is None:
        raise ApiError(415, "not_audio", f"The file is not audio of a kind this service reads. {_ACCEPTED}")
    declared = (upload.mimetype or "").lower()
    if declared not in kind.types | _SILENT_TYPES:
        raise ApiError(415, "audio_mismatch", f"The Content-Type of the file does not fit what is in it. {_ACCEPTED}")
    extension = PurePath(upload.filename or "").suffix.lower()
    if extension and extension not in kind.extensions:
        raise ApiError(415, "audio_mismatch", f"The ending of the file's name does not fit what is in it. {_ACCEPTED}")
    return content


def _sniff(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm"
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"OggS":
        return "ogg"
    synced = (
        len(head) > 1 and head[:1] == _MP3_SYNC and head[1] & _MP3_SYNC_BITS == _MP3_SYNC_BITS and head[1] & _MP3_LAYER
    )
    return "mp3" if head[:3] == b"ID3" or synced else ""
