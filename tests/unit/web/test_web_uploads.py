import io

import pytest
from werkzeug.datastructures import FileStorage

from web.errors import ApiError
from web.uploads import read_audio

HEADS = {
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81",
    "mp3 with a tag": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "mp3": b"\xff\xfb\x90\x00",
    "mp4": b"\x00\x00\x00\x20ftypM4A ",
    "ogg": b"OggS\x00\x02\x00\x00",
    "aac": b"\xff\xf1\x50\x80",
    "flac": b"fLaC\x00\x00\x00\x22",
    "3gp": b"\x00\x00\x00\x18ftyp3gp4",
}


def _upload(content: bytes, name: str = "", declared: str = "") -> FileStorage:
    return FileStorage(io.BytesIO(content), filename=name, content_type=declared)


def _refusal(content: bytes, name: str = "", declared: str = "", megabytes: int = 1) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_audio(_upload(content, name, declared), megabytes)
    return caught.value


@pytest.mark.parametrize("kind", HEADS)
def test_each_kind_is_known_by_its_first_bytes(kind: str) -> None:
    assert read_audio(_upload(HEADS[kind]), 1) == HEADS[kind]
    assert read_audio(_upload(HEADS[kind], "recording", "application/octet-stream"), 1) == HEADS[kind]


@pytest.mark.parametrize(
    ("kind", "name", "declared"),
    [
        ("wav", "a.wav", "audio/wav"),
        ("wav", "a.WAV", "audio/x-wav"),
        ("webm", "blob.webm", "audio/webm;codecs=opus"),
        ("webm", "a.webm", "video/webm"),
        ("mp3", "a.mp3", "audio/mpeg"),
        ("mp3 with a tag", "a.mp3", "audio/mp3"),
        ("mp4", "a.m4a", "audio/x-m4a"),
        ("mp4", "a.mp4", "audio/mp4"),
        ("3gp", "a.3gp", "audio/3gpp"),
        ("aac", "a.aac", "audio/aac"),
        ("flac", "a.flac", "audio/x-flac"),
        ("ogg", "a.ogg", "audio/ogg"),
        ("ogg", "a.opus", "audio/opus"),
        ("ogg", "a.ogg", "Audio/OGG; codecs=opus"),
    ],
)
def test_a_fitting_name_and_type_are_accepted(kind: str, name: str, declared: str) -> None:
    assert read_audio(_upload(HEADS[kind], name, declared), 1) == HEADS[kind]


@pytest.mark.parametrize("name", ["a.mp3", "a.txt", "a.wav.exe", "../../etc/passwd.html"])
def test_a_name_that_says_something_else_is_refused(name: str) -> None:
    refusal = _refusal(HEADS["wav"], name, "audio/wav")

    assert (refusal.status, refusal.code) == (415, "audio_mismatch")
    assert name not in str(refusal.detail)


@pytest.mark.parametrize("declared", ["audio/mpeg", "text/plain", "image/png", "audio/x-unknown"])
def test_a_type_that_says_something_else_is_refused(declared: str) -> None:
    refusal = _refusal(HEADS["wav"], "a.wav", declared)

    assert (refusal.status, refusal.code) == (415, "audio_mismatch")


@pytest.mark.parametrize(
    "content",
    [
        b"this is a text, not a recording",
        b"RIFF\x24\x00\x00\x00AVI LIST",
        b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00",  # pictures in an MP4 container
        b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
        b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"PK\x03\x04",
        b"x",
        b"\xff",
        b"<html>",
    ],
)
def test_what_is_not_audio_is_refused_whatever_it_calls_itself(content: bytes) -> None:
    refusal = _refusal(content, "speech.wav", "audio/wav")

    assert (refusal.status, refusal.code) == (415, "not_audio")
    assert "WAV, WebM, MP3" in str(refusal.detail)


def test_an_empty_recording_is_refused() -> None:
    refusal = _refusal(b"", "a.wav", "audio/wav")

    assert (refusal.status, refusal.code) == (422, "invalid_request")


def test_the_size_limit_is_exact_and_its_wording_is_the_known_one() -> None:
    exact = HEADS["wav"].ljust(1024 * 1024, b"\0")

    assert len(read_audio(_upload(exact), 1)) == 1024 * 1024
    refusal = _refusal(exact + b"\0")
    assert (refusal.status, refusal.detail) == (413, "Audio file too large. Maximum size: 1MB")
