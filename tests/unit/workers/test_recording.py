from __future__ import annotations

import pytest

from bench.voice.degraded import hum, pcm_of, quiet, samples_of, white_noise
from tests.support.audio_files import tone
from workers.recording import SILENT_DBFS, Recording

PAUSE = bytes(32_000)  # a second


def test_loudness_is_that_of_the_loud_parts() -> None:
    loud, soft = Recording(tone(1.0) + PAUSE), Recording(quiet(tone(1.0) + PAUSE))

    assert loud.loudness_dbfs == pytest.approx(-17.8, abs=0.5), "6000 / 32768 / √2"
    assert soft.loudness_dbfs == pytest.approx(loud.loudness_dbfs - 30, abs=0.5)
    assert Recording(PAUSE).loudness_dbfs < SILENT_DBFS
    assert Recording(b"\0\0").loudness_dbfs < SILENT_DBFS


def test_clipping_is_the_share_of_samples_at_full_scale() -> None:
    assert Recording(tone(1.0)).clipping == 0
    assert 0.3 < Recording(pcm_of(samples_of(tone(1.0)) * 20)).clipping < 1
    assert Recording(b"").clipping == 0


def test_the_speech_ratio_is_the_share_of_time_that_stands_out_of_the_background() -> None:
    noise = samples_of(white_noise(4.0, -50))
    spoken = pcm_of(noise + samples_of(tone(1.0) + PAUSE + tone(1.0) + PAUSE))

    assert Recording(spoken).speech_ratio == pytest.approx(0.5, abs=0.05)
    assert Recording(white_noise(4.0)).speech_ratio < 0.01
    assert Recording(hum(4.0)).speech_ratio < 0.01
    assert Recording(PAUSE).speech_ratio == 0


def test_a_short_recording_is_one_piece() -> None:
    recording = Recording(tone(60.0))

    assert recording.pieces() == [recording]


def test_a_long_recording_is_cut_in_its_pauses() -> None:
    spoken = [tone(40.0), tone(25.0), tone(44.0), tone(30.0)]
    recording = Recording(PAUSE.join(spoken))

    pieces = recording.pieces()

    assert b"".join(piece.pcm for piece in pieces) == recording.pcm
    assert [round(piece.seconds) for piece in pieces] == [41, 26, 45, 30]
    assert all(piece.seconds <= 60 for piece in pieces)
    for piece in pieces[:-1]:
        assert set(piece.pcm[-3200:]) == {0}, "it ends in a pause"


def test_a_recording_without_pauses_is_cut_all_the_same() -> None:
    pieces = Recording(white_noise(150.0)).pieces()

    assert sum(piece.seconds for piece in pieces) == pytest.approx(150.0)
    assert all(20 <= piece.seconds <= 60 for piece in pieces[:-1])
