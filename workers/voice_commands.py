"""`python -m workers transcribe`, `speak` and `eval-voice`: what the service would hear and say, for operators."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from coach.model import CoachError
from config import Settings
from workers.audio import AudioError, decode
from workers.encoder import Encoder
from workers.recording import Recording
from workers.speakable import utterances
from workers.speech import SPEECH_RATE, Speech
from workers.transcript import Transcript, joined

if TYPE_CHECKING:
    from workers.word_errors import Errors

SOUNDS = frozenset({".wav", ".mp3", ".m4a", ".mp4", ".webm", ".ogg", ".opus", ".flac", ".aac", ".3gp"})
FORMATS = {".mp3": "mp3", ".wav": "wav", ".opus": "opus", ".ogg": "opus"}  # ending of the file's name -> what is in it
_CALL_SECONDS = 120.0

# Opens the configured models, or the offline ones for as long as the command runs.
Models = Callable[[], AbstractContextManager[tuple[Speech, Settings]]]


def transcribe(files: Sequence[Path], models: Models) -> int:
    """Print what is heard in each file, and what was measured of it."""
    failed = 0
    with models() as (speech, settings):
        for file in files:
            try:
                recording = decode(file.read_bytes(), max_seconds=settings.max_audio_seconds)
                began = time.monotonic()
                heard = hear(recording, speech)
            except (OSError, AudioError, CoachError) as error:
                print(f"{file}: {_reason(error)}", file=sys.stderr)
                failed += 1
                continue
            took = time.monotonic() - began
            print(f"{file}: {heard.text or '(no speech)'}")
            print(
                f"  language {heard.language or '-'}, confidence {_number(heard.confidence)}, "
                f"{recording.seconds:.1f} s heard in {took:.1f} s; loudness {recording.loudness_dbfs:.0f} dBFS, "
                f"clipping {recording.clipping:.1%}, speech {recording.speech_ratio:.0%}"
            )
    return 1 if failed else 0


def speak(text: str, target: Path, models: Models) -> int:
    """Speak a text as the service would, into a file whose ending says the format."""
    audio_format = FORMATS.get(target.suffix.lower())
    if audio_format is None:
        print(f"The name of the file must end in one of {', '.join(FORMATS)}.", file=sys.stderr)
        return 2
    encoder = Encoder(audio_format, SPEECH_RATE)
    with models() as (speech, _):
        try:
            parts = [encoder.add(speech.speak(piece, timeout=lambda: _CALL_SECONDS)) for piece in utterances(text)]
            spoken = b"".join([*parts, encoder.close()]) if parts else b""
            if not spoken:
                print("There is nothing in this text that can be spoken.", file=sys.stderr)
                return 1
            target.write_bytes(spoken)
        except (OSError, CoachError) as error:
            print(_reason(error), file=sys.stderr)
            return 1
    print(f"{target}: {len(spoken) / 1000:.0f} kB of {audio_format}")
    return 0


def evaluate(folder: Path, models: Models) -> int:
    """Print the word error rate of the recordings in a folder, each beside a .txt of the same name, and the speed."""
    try:
        from workers.word_errors import NONE, word_errors  # noqa: PLC0415 (needs jiwer, which the service does not)
    except ModuleNotFoundError:
        print("eval-voice needs jiwer: run `pip install -r requirements-dev.txt`.", file=sys.stderr)
        return 2
    pairs = [(file, file.with_suffix(".txt")) for file in sorted(folder.glob("*")) if file.suffix.lower() in SOUNDS]
    pairs = [(sound, text) for sound, text in pairs if text.is_file()]
    if not pairs:
        print(f"There is no recording in {folder} with a .txt of the same name beside it.", file=sys.stderr)
        return 2
    total, seconds, took = NONE, 0.0, 0.0
    with models() as (speech, settings):
        print(f"{'recording':32} {'words':>6} {'wrong':>6} {'WER':>7} {'sure':>5} {'seconds':>8} {'took':>6}")
        for sound, text in pairs:
            began = time.monotonic()
            try:
                heard = hear(decode(sound.read_bytes(), max_seconds=settings.max_audio_seconds), speech)
            except (OSError, AudioError, CoachError) as error:
                print(f"{sound.name}: {_reason(error)}", file=sys.stderr)
                return 1
            spent = time.monotonic() - began
            found = word_errors(text.read_text(encoding="utf-8"), heard.text)
            print(_row(sound.name, found, _number(heard.confidence), heard.seconds, spent))
            total, seconds, took = total + found, seconds + heard.seconds, took + spent
    print(_row("all", total, "", seconds, took))
    print(f"{seconds / took:.1f} seconds of speech a second" if took else "")
    return 0


def hear(recording: Recording, speech: Speech) -> Transcript:
    """What the service would make of a recording.

    Raises:
        CoachError: the model cannot be asked.
    """
    return joined([speech.transcribe(piece, timeout=lambda: _CALL_SECONDS) for piece in recording.pieces()])


def _row(name: str, errors: Errors, sure: str, seconds: float, took: float) -> str:
    figures = f"{errors.words:6} {errors.wrong:6} {errors.rate:7.1%} {sure:>5} {seconds:8.1f} {took:6.1f}"
    return f"{name:32} {figures}"


def _number(confidence: float | None) -> str:
    return "-" if confidence is None else f"{confidence:.2f}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read or written: {error.strerror}"
    message: str = error.message  # type: ignore[attr-defined]  # of the other two
    return message
