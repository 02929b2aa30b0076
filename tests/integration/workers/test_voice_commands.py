"""The commands for operators, as they are typed. They start the offline models themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.audio_files import encode, tone
from workers.audio import decode

ROOT = Path(__file__).parents[3]


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "workers", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=90, check=False)  # noqa: S603 (ours)


@pytest.mark.timeout(240)
def test_what_speak_says_transcribe_hears_and_eval_voice_measures(tmp_path: Path) -> None:
    said = "Walk for 10-15 min after lunch."
    spoken = _run(tmp_path, "speak", said, "-o", "said.mp3")
    assert spoken.returncode == 0, spoken.stderr
    assert decode((tmp_path / "said.mp3").read_bytes(), max_seconds=60).seconds > 1
    (tmp_path / "notes.wav").write_bytes(b"a text, not a recording")

    heard = _run(tmp_path, "transcribe", "said.mp3", "notes.wav")
    assert heard.returncode == 1, "one of the two is none"
    assert "said.mp3: Walk for 10 to 15 minutes after lunch" in heard.stdout
    assert "language english, confidence 0." in heard.stdout
    assert "notes.wav: The recording could not be read." in heard.stderr

    (tmp_path / "said.txt").write_text("Walk for ten to fifteen minutes after lunch today.")
    (tmp_path / "notes.wav").unlink()
    measured = _run(tmp_path, "eval-voice", ".")
    assert measured.returncode == 0, measured.stderr
    rows = [line.split() for line in measured.stdout.splitlines()]
    assert [row[:4] for row in rows[1:3]] == [
        ["said.mp3", "9", "1", "11.1%"],
        ["all", "9", "1", "11.1%"],
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("speak", "hello", "-o", "a.midi"), "must end in one of .mp3, .wav, .opus, .ogg"),
        (("eval-voice", "."), "no recording in . with a .txt of the same name"),
    ],
)
def test_what_cannot_work_is_told_before_any_model_is_loaded(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "alone.wav").write_bytes(encode(tone(0.5), "speech.wav"))

    answer = _run(tmp_path, *arguments)

    assert answer.returncode == 2
    assert told in answer.stderr
