"""`python -m workers check-url`, as an operator runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own interpreter and code)
        [sys.executable, "-m", "workers", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "word", "code", "why"),
    [
        ("https://1.1.1.1/hook", "allowed", 0, "1.1.1.1, port 443"),
        ("https://[2606:4700:4700::1111]/", "allowed", 0, "2606:4700:4700::1111"),
        ("https://169.254.169.254/latest/", "blocked", 1, "metadata"),
        ("http://1.1.1.1/", "blocked", 1, "https://"),
        ("http://localhost:9000/hook", "blocked", 1, "https://"),
        ("https://no-such-name.invalid/", "blocked", 1, "private network"),
        ("", "blocked", 1, "absolute URL"),
    ],
)
def test_the_first_word_tells_the_verdict_and_the_rest_why(
    tmp_path: Path, url: str, word: str, code: int, why: str
) -> None:
    ended = _run(tmp_path, "check-url", url)

    assert (ended.stdout.split()[0], ended.returncode, ended.stderr) == (word, code, "")
    assert why in ended.stdout


def test_the_exception_list_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEBHOOK_ALLOW_HTTP_HOSTS=receiver, localhost:9000\n")

    assert _run(tmp_path, "check-url", "http://localhost:9000/hook").stdout.startswith("allowed (http)")
    assert _run(tmp_path, "check-url", "http://localhost:9001/hook").stdout.startswith("blocked (scheme)")


@pytest.mark.parametrize("entry", ["http://localhost:9000", "localhost/", "local host", "::1", "*", "a:0", "u@a"])
def test_an_exception_that_could_never_match_is_a_problem_of_the_configuration(tmp_path: Path, entry: str) -> None:
    ended = _run(tmp_path, "check-url", "https://1.1.1.1/", WEBHOOK_ALLOW_HTTP_HOSTS=f"receiver:80,{entry}")

    assert (ended.returncode, ended.stdout) == (78, "")
    assert (
        f"WEBHOOK_ALLOW_HTTP_HOSTS must list hosts such as receiver or 127.0.0.1:9000; {entry} is none" in ended.stderr
    )


def test_without_a_command_the_commands_are_shown(tmp_path: Path) -> None:
    ended = _run(tmp_path)

    assert ended.returncode == 2
    assert "check-url" in ended.stderr
