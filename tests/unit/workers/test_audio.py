import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.audio_files import CONTAINERS, encode, tone
from workers import audio
from workers.audio import AudioError, Decoder, decode


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_comes_out_as_16_khz_mono(container: str) -> None:
    recording = decode(encode(tone(1.0), container), max_seconds=300)

    assert recording.seconds == pytest.approx(1.0, abs=0.1)
    samples = [abs(sample) for (sample,) in struct.iter_unpack("<h", recording.pcm)]
    assert 3000 < max(samples) < 12_000  # the tone, not noise and not silence
    assert recording.wav()[:4] == b"RIFF"


def test_a_recording_is_measured_by_its_samples_not_by_what_its_header_says() -> None:
    wav = bytearray(encode(tone(3.0), "speech.wav"))
    size_at = wav.index(b"data") + 4
    wav[size_at : size_at + 4] = struct.pack("<I", 0x7FFFFFFF)  # claims 18 hours

    assert decode(bytes(wav), max_seconds=10).seconds == pytest.approx(3.0, abs=0.1)
    with pytest.raises(AudioError) as refused:
        decode(encode(tone(3.0), "speech.ogg"), max_seconds=2)
    assert refused.value.code == "audio_too_long"


def test_a_recording_cut_off_in_the_middle_keeps_what_was_said() -> None:
    whole = encode(tone(4.0), "speech.mp3")

    assert 1.0 < decode(whole[: len(whole) // 2], max_seconds=300).seconds < 3.0


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"hello, I am a text file",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"\xff\xfb" + b"\x00" * 5000,
        b"\x1aE\xdf\xa3" + b"\xff" * 500,
        b"OggS" + b"\x00" * 500,
    ],
    ids=[
        "empty",
        "bare RIFF",
        "text",
        "ffconcat",
        "playlist",
        "mp3 sync and nothing",
        "webm and nothing",
        "ogg and nothing",
    ],
)
def test_what_is_not_audio_is_refused_by_code(upload: bytes) -> None:
    with pytest.raises(AudioError) as refused:
        decode(upload, max_seconds=300)
    assert refused.value.code == "audio_unreadable"


def test_a_playlist_cannot_make_the_decoder_open_a_local_recording(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encode(tone(1.0), "speech.wav"))
    for playlist in (f"ffconcat version 1.0\nfile '{secret}'\n", f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"):
        with pytest.raises(AudioError):
            decode(playlist.encode(), max_seconds=300)


def test_a_cancel_while_the_child_decodes_kills_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = tmp_path / "pid"
    child = tmp_path / "child.py"
    child.write_text(f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    monkeypatch.setattr("workers.audio._CHILD", child)

    def walk_away(call: Callable[[], bytes]) -> bytes:
        threading.Thread(target=call, daemon=True).start()
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.01)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Decoder(300).decode(b"\0" * 1_000_000, run=walk_away)
    give_up = time.monotonic() + 5
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < give_up:
            os.kill(int(pid_file.read_text()), 0)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The children, as they are started."""
    children: list[subprocess.Popen[bytes]] = []
    start = audio._start

    def noted() -> subprocess.Popen[bytes]:
        children.append(start())
        return children[-1]

    monkeypatch.setattr(audio, "_start", noted)
    return children


def test_one_child_is_made_ready_for_the_next_recording(started: list[subprocess.Popen[bytes]]) -> None:
    decoder = Decoder(300)
    decoder.prepare()
    decoder.prepare()
    assert len(started) == 1

    assert decoder.decode(encode(tone(1.0), "speech.wav")).seconds == pytest.approx(1.0, abs=0.01)
    assert len(started) == 1
    assert started[0].poll() is not None


def test_a_child_that_was_killed_while_it_waited_is_not_counted_on(started: list[subprocess.Popen[bytes]]) -> None:
    decoder = Decoder(300)
    decoder.prepare()
    started[0].kill()
    started[0].wait()

    assert decoder.decode(encode(tone(1.0), "speech.wav")).seconds == pytest.approx(1.0, abs=0.01)
    assert len(started) == 2
