"""Files made to harm whoever opens them."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support import measured
from tests.support.audio_files import encode, tone
from workers import audio
from workers.audio import AudioError, decode

MEGABYTE = 1024 * 1024


def _refusal(upload: bytes, max_seconds: int = 300) -> str:
    with pytest.raises(AudioError) as refused:
        decode(upload, max_seconds=max_seconds)
    assert refused.value.message.endswith(".")
    return refused.value.code


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A recording on this machine that nobody uploaded."""
    file = tmp_path / "secret.wav"
    file.write_bytes(encode(tone(1.0), "speech.wav"))
    return file


def _avi(inside: bytes) -> bytes:
    """A RIFF AVI whose only stream is a text that FFmpeg's probing may take for a playlist."""
    movi = b"LIST" + struct.pack("<I", 4 + 8 + len(inside)) + b"movi00dc" + struct.pack("<I", len(inside)) + inside
    return b"RIFF" + struct.pack("<I", 4 + len(movi)) + b"AVI " + movi


PLAYLISTS: dict[str, Callable[[Path], bytes]] = {
    "m3u8": lambda secret: f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode(),
    "m3u8 of a relative path": lambda secret: f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n".encode(),
    "ffconcat": lambda secret: f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
    "HLS in AVI": lambda secret: _avi(f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode()),
    "DASH": lambda secret: f'<?xml version="1.0"?><MPD><BaseURL>file://{secret}</BaseURL></MPD>'.encode(),
    "SDP": lambda secret: b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "playlist behind an ID3 tag": lambda secret: b"ID3\4\0\0\0\0\0\0" + f"#EXTM3U\n{secret}\n".encode(),
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_text_that_names_a_local_file_is_no_recording(kind: str, secret: Path) -> None:
    assert _refusal(PLAYLISTS[kind](secret)) in {"audio_unreadable", "audio_truncated"}


def test_a_film_that_refers_to_another_file_does_not_get_it(secret: Path) -> None:
    """A QuickTime data reference (`dref`) may point elsewhere; the decoder has no way to open that."""
    whole = encode(tone(1.0), "speech.m4a")
    at = whole.index(b"dref") + 4 + 8
    entry = b"alis" + b"\0\0\0\0" + str(secret).encode()
    changed = whole[:at] + struct.pack(">I", 8 + len(entry)) + entry + whole[at + 12 :]

    try:
        decode(changed, max_seconds=300)
    except AudioError as refused:
        assert refused.code in {"audio_unreadable", "audio_truncated"}


def test_the_child_can_open_no_file(secret: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(Path(audio.__file__).parent)!r})\nimport decode_child, socket\n"
    code += f"decode_child.restrict()\nfor harm in (lambda: open({str(secret)!r}), socket.socket):\n"
    code += "    try:\n        harm()\n    except OSError:\n        continue\n    sys.exit('it could')\n"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 (our own code)


def _two_hours_of_silence() -> bytes:
    """2.7 MB of Opus that decode to 230 MB of samples at 16 kHz."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 6000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        minute = []
        for second in range(60):
            frame.pts = second * 48_000
            minute += [bytes(packet) for packet in stream.encode(frame)]
        packets = [packet.ljust(7, b"\0") for packet in minute[-100:]]
        for number in range(2 * 3600 * 50):
            packet = av.Packet(packets[number % len(packets)])
            packet.stream, packet.pts, packet.dts = stream, number * 960, number * 960
            packet.time_base = Fraction(1, 48_000)
            out.mux(packet)
    return file.getvalue()


def test_two_hours_in_a_small_file_are_too_long_and_take_little_time_and_memory() -> None:
    upload = _two_hours_of_silence()
    assert 2 * MEGABYTE < len(upload) < 4 * MEGABYTE

    decoded = measured.run([sys.executable, "-I", str(audio._CHILD)], b"300\n" + upload)

    assert decoded.answer == b'{"error": "audio_too_long"}\n'
    assert decoded.seconds < 5
    assert decoded.peak < 300 * MEGABYTE


def _wav_that_says(**lies: int) -> bytes:
    """Three seconds whose header says otherwise."""
    wav = bytearray(encode(tone(3.0), "speech.wav"))
    places = {"riff": (4, "<I"), "channels": (22, "<H"), "rate": (24, "<I"), "align": (32, "<H"), "bits": (34, "<H")}
    for name, value in lies.items():
        at, form = places.get(name, (wav.index(b"data") + 4, "<I"))
        struct.pack_into(form, wav, at, value)
    return bytes(wav)


@pytest.mark.parametrize("length", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_is_as_long_as_its_samples_whatever_its_header_says(length: int) -> None:
    wav = _wav_that_says(data=length, riff=length)
    try:
        assert decode(wav, max_seconds=10).seconds == pytest.approx(3.0, abs=0.1)
    except AudioError as refused:
        assert length in {0, 1}, refused.code


@pytest.mark.parametrize(
    "lies", [{"channels": 0}, {"channels": 65535}, {"rate": 0}, {"rate": 0xFFFFFFFF}, {"bits": 0}, {"align": 0}]
)
def test_a_wav_of_impossible_samples_is_refused_or_bounded(lies: dict[str, int]) -> None:
    try:
        assert decode(_wav_that_says(**lies), max_seconds=10).seconds <= 11
    except AudioError as refused:
        assert refused.code in {"audio_unreadable", "audio_truncated", "audio_too_long"}


def test_an_mp4_with_a_page_behind_it_is_the_mp4() -> None:
    page = b"<html><script>alert(1)</script></html>" * 100

    assert decode(encode(tone(1.0), "speech.m4a") + page, max_seconds=300).seconds == pytest.approx(1.0, abs=0.15)


def _film(*, sound: bool) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        pictures = out.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        voice = out.add_stream("aac", rate=24_000, layout="mono") if sound else None
        for _ in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            out.mux(pictures.encode(picture))
        out.mux(pictures.encode(None))
        if voice:
            frame = av.AudioFrame(format="s16", layout="mono", samples=24_000)
            frame.planes[0].update(tone(1.0, 24_000))
            frame.sample_rate = 24_000
            resampler = av.AudioResampler("fltp", "mono", 24_000, frame_size=1024)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(voice.encode(part))
            out.mux(voice.encode(None))
    return file.getvalue()


def test_of_a_film_the_sound_is_heard_and_one_without_sound_is_refused() -> None:
    assert decode(_film(sound=True), max_seconds=300).seconds == pytest.approx(1.0, abs=0.15)
    assert _refusal(_film(sound=False)) == "audio_unreadable"


def test_a_recording_that_breaks_off_at_once_is_told_from_one_that_is_none() -> None:
    for container, length in (("speech.wav", 100), ("speech.webm", 800), ("speech.aac", 800), ("speech.m4a", 17_000)):
        assert _refusal(encode(tone(4.0), container)[:length]) == "audio_truncated"
    assert _refusal(b"") == "audio_unreadable"


def _container(format_name: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=format_name) as out:
        stream = out.add_stream("pcm_s16be" if format_name == "aiff" else "pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=16_000)
        frame.planes[0].update(tone(1.0))
        frame.sample_rate = 16_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("format_name", ["aiff", "avi", "nut", "w64"])
def test_no_other_demuxer_is_tried(format_name: str) -> None:
    assert _refusal(_container(format_name)) == "audio_unreadable"
