from __future__ import annotations

import numpy as np
import pytest

from bench.voice.degraded import pcm_of, samples_of
from tests.support.audio_files import tone
from workers.audio import decode
from workers.encoder import Encoder
from workers.recording import Recording

RATE = 24_000


def _spoken(audio_format: str, *pieces: bytes) -> list[bytes]:
    encoder = Encoder(audio_format, RATE)
    return [*(encoder.add(piece) for piece in pieces), encoder.close()]


@pytest.mark.parametrize("audio_format", ["mp3", "opus", "wav"])
def test_the_parts_joined_are_one_file_of_the_whole_length(audio_format: str) -> None:
    whole = b"".join(_spoken(audio_format, *[tone(1.0, RATE)] * 3))

    assert decode(whole, max_seconds=60).seconds == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("audio_format", ["mp3", "opus"])
def test_the_first_part_can_be_heard_before_the_others_are_there(audio_format: str) -> None:
    first, *_ = _spoken(audio_format, tone(2.0, RATE), tone(2.0, RATE))

    assert decode(first, max_seconds=60).seconds == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("factor", [0.05, 1.0, 3.0])
def test_soft_and_loud_voices_come_out_alike_and_never_clipped(factor: float) -> None:
    voice = pcm_of(samples_of(tone(1.0, RATE)) * factor)

    heard = decode(b"".join(_spoken("wav", voice)), max_seconds=60)

    assert heard.loudness_dbfs == pytest.approx(-20.0, abs=1.0)
    assert heard.clipping == 0


def test_the_first_words_decide_the_loudness_of_all() -> None:
    first, second = tone(1.0, RATE), pcm_of(samples_of(tone(1.0, RATE)) * 0.5)

    heard = decode(b"".join(_spoken("wav", first, second)), max_seconds=60)

    halves = [Recording(heard.pcm[:30_000]), Recording(heard.pcm[-30_000:])]
    assert halves[1].loudness_dbfs == pytest.approx(halves[0].loudness_dbfs - 6, abs=0.5)


def test_nothing_spoken_is_no_sound_at_all() -> None:
    assert len(b"".join(_spoken("mp3", b"", b"\0"))) == 0
    silent = decode(b"".join(_spoken("wav", bytes(2 * RATE))), max_seconds=60)
    assert np.count_nonzero(np.frombuffer(silent.pcm, "<i2")) == 0
