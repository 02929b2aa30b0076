"""`python -m bench.voice [DIR]`: word error rate of what the offline voice says, clean and as bad phones bring it.

Prints the tables of docs/voice.md. DIR has recordings of people to use instead, WAV, each beside its text in a `.txt`
of the same name. With `--keep DIR` the recordings stay there, a folder a variant, for `python -m workers eval-voice`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import openai

from bench.voice.degraded import SLOW, VARIANTS, resampled
from config import OFFLINE_MODELS
from offline.process import started
from workers.audio import decode
from workers.recording import Recording
from workers.speech import SPEECH_RATE, Speech
from workers.voice_commands import hear
from workers.word_errors import NONE, word_errors

MAX_SECONDS = 300
SENTENCES = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()


def main() -> None:
    """Make the recordings, hear them, and print a row for each variant."""
    parser = argparse.ArgumentParser(prog="python -m bench.voice", description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    options = parser.parse_args()
    keep: Path | None = options.keep
    with started() as base_url:
        client = openai.OpenAI(api_key="none", base_url=base_url)
        if options.recordings:
            texts, spoken = _read(options.recordings)
        else:
            texts, spoken = SENTENCES, [_say(client, sentence, 1.0) for sentence in SENTENCES]
        speech = Speech(client, OFFLINE_MODELS["OPENAI_TRANSCRIPTION_MODEL"], OFFLINE_MODELS["OPENAI_SPEECH_MODEL"])
        print("| variant | words | wrong | WER | least sure | p50 of a call |\n|---|---|---|---|---|---|")
        _report("clean", spoken, texts, speech, keep)
        for name, worse in VARIANTS.items():
            _report(name, [worse(pcm) for pcm in spoken], texts, speech, keep)
        if not options.recordings:
            _report("slow", [_say(client, sentence, SLOW) for sentence in SENTENCES], texts, speech, keep)


def _read(folder: Path) -> tuple[list[str], list[bytes]]:
    files = [file for file in sorted(folder.glob("*.wav")) if file.with_suffix(".txt").exists()]
    texts = [file.with_suffix(".txt").read_text(encoding="utf-8").strip() for file in files]
    return texts, [decode(file.read_bytes(), max_seconds=MAX_SECONDS).pcm for file in files]


def _say(client: openai.OpenAI, text: str, speed: float) -> bytes:
    answer = client.audio.speech.create(
        input=text, model=OFFLINE_MODELS["OPENAI_SPEECH_MODEL"], voice="alloy", response_format="pcm", speed=speed
    )
    return resampled(answer.read(), SPEECH_RATE)


def _report(name: str, recordings: list[bytes], texts: list[str], speech: Speech, keep: Path | None) -> None:
    total, sure, took = NONE, 1.0, []
    for number, (pcm, text) in enumerate(zip(recordings, texts, strict=True)):
        recording = Recording(pcm)
        began = time.monotonic()
        heard = hear(recording, speech)
        took.append(time.monotonic() - began)
        total, sure = total + word_errors(text, heard.text), min(sure, heard.confidence or 0.0)
        if keep:
            file = keep / name / f"{number:02}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(recording.wav())
            file.with_suffix(".txt").write_text(text, encoding="utf-8")
    p50 = statistics.median(took)
    print(f"| {name} | {total.words} | {total.wrong} | {total.rate:.1%} | {sure:.2f} | {p50:.2f} s |", flush=True)


if __name__ == "__main__":
    main()
