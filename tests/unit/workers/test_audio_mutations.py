"""Recordings damaged at random: whatever comes out, the worker lives, nothing hangs, and memory stays bounded.

30 of each format in `make test`, 300 in `make fuzz`.
"""

from __future__ import annotations

import os
import random
import resource
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings

from tests.support import measured
from tests.support.audio_files import CONTAINERS, encode, tone
from workers import audio, decode_child
from workers.audio import AudioError, decode

MUTANTS = settings().max_examples
WHOLE = {container: encode(tone(1.5), container) for container in CONTAINERS}
MEGABYTE = 1024 * 1024


def _mutant(whole: bytes, seed: int) -> bytes:
    """Bytes changed, cut out, doubled or appended; the head, by which it is known, is spared half of the time."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    data = bytearray(whole)
    first = chance.choice([0, 64])
    for _ in range(chance.choice([1, 3, 20, 200])):
        at, length = chance.randrange(first, max(len(data), first + 1)), chance.choice([1, 4, 64, 1000])
        how = chance.randrange(5)
        if how == 0:
            data[at : at + length] = chance.randbytes(length)
        elif how == 1:
            del data[at : at + length]
        elif how == 2:
            data[at:at] = data[at : at + length] * chance.choice([1, 2, 50])
        elif how == 3:
            data[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"])
        else:
            data += chance.randbytes(length)
    return bytes(data)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_damaged_recording_is_heard_or_refused(container: str) -> None:
    def outcome(seed: int) -> str:
        try:
            recording = decode(_mutant(WHOLE[container], seed), max_seconds=60)
        except AudioError as refused:
            return refused.code
        assert recording.seconds <= 61
        assert -101 < recording.loudness_dbfs <= 0.1
        assert recording.pieces()
        return "heard"

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome, range(MUTANTS)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert set(outcomes) <= {"heard", "audio_unreadable", "audio_truncated", "audio_too_long"}
    assert "heard" in outcomes, "mutants that are all refused show little"
    assert after.ru_utime - before.ru_utime < MUTANTS * 1.0, "some take the time of many"


def test_the_child_gives_up_after_seconds_of_work_and_a_bounded_amount_of_memory() -> None:
    """The limits themselves: a child that would loop, or take memory without end, is stopped by the system."""
    for harm in ("while True: pass", 'x = []\nwhile True: x.append(bytearray(b"x") * (1 << 20))'):
        code = f"import sys; sys.path.insert(0, {os.path.dirname(decode_child.__file__)!r})\n"
        code += f"import decode_child\ndecode_child.CPU_SECONDS = 1\ndecode_child.restrict()\n{harm}"
        stopped = measured.run([sys.executable, "-c", code])
        assert stopped.code != 0
        assert stopped.seconds < 2.5
        assert stopped.peak < 400 * MEGABYTE


def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "child.py")
    with open(script, "w", encoding="ascii") as file:
        file.write("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(audio, "_CHILD", script)
    monkeypatch.setattr(audio, "_WALL_SECONDS", 0.3)

    with pytest.raises(AudioError) as refused:
        decode(b"RIFF", max_seconds=60)
    assert refused.value.code == "audio_unreadable"
