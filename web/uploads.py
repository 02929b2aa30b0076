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


_STARTS = {b"\x1aE\xdf\xa3": "webm", b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mp3"}
_SYNC = b"\xff"
_SYNC_BITS, _LAYER_BITS = 0xE0, 0x06  # of MPEG audio; ADTS (ISO/IEC 13818-7) has twelve sync bits, and layer 0
_ADTS_BITS, _ADTS = 0xF6, 0xF0
# Pictures that come in an MP4 container (ISO/IEC 23008-12, and what cameras write).
_PICTURES = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
)


@dataclass(frozen=True)
class _Kind:
    extensions: frozenset[str]
    types: frozenset[str]


_KINDS = {
    "wav": _Kind(frozenset({".wav"}), frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})),
    "webm": _Kind(frozenset({".webm"}), frozenset({"audio/webm", "video/webm"})),
    "mp3": _Kind(frozenset({".mp3"}), frozenset({"audio/mpeg", "audio/mp3"})),
    "mp4": _Kind(
        frozenset({".m4a", ".mp4", ".3gp"}),
        frozenset({"audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4", "audio/3gpp", "video/3gpp"}),
    ),
    "aac": _Kind(frozenset({".aac"}), frozenset({"audio/aac", "audio/x-aac", "audio/aacp"})),
    "flac": _Kind(frozenset({".flac"}), frozenset({"audio/flac", "audio/x-flac"})),
    "ogg": _Kind(frozenset({".ogg", ".opus"}), frozenset({"audio/ogg", "audio/opus", "application/ogg"})),
}
_SILENT_TYPES = frozenset({"", "application/octet-stream"})  # these claim nothing
_ACCEPTED = "Send audio as WAV, WebM, MP3, M4A, AAC, FLAC, Ogg or Opus."


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
    if head[:4] == b"RIFF":
        return "wav" if head[8:12] == b"WAVE" else ""
    if head[4:8] == b"ftyp":
        return "" if head[8:12] in _PICTURES else "mp4"
    if head[:1] == _SYNC and len(head) > 1:
        return _stream(head[1])
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), "")


def _stream(second: int) -> str:
    """What has no header but its frames: MP3, or AAC (ADTS)."""
    if second & _ADTS_BITS == _ADTS:
        return "aac"
    return "mp3" if second & _SYNC_BITS == _SYNC_BITS and second & _LAYER_BITS else ""
