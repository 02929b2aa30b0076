"""Bandit and the secret scan, run as `make lint` runs them, find what they are there for."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
LINT = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
BANDIT = ["bandit", "--quiet", "--configfile", str(ROOT / "pyproject.toml"), "--recursive"]


def run(words: list[str], folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    # None of the variables that git sets for the hooks of the repository this runs in.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(words, cwd=folder, env={**clean, **environ}, capture_output=True, text=True, check=False)  # noqa: S603 (our own words)


def bandit(folder: Path) -> "subprocess.CompletedProcess[str]":
    return run([str(BIN / "bandit"), *BANDIT[1:], "."], folder)


def test_bandit_finds_nothing_in_the_project() -> None:
    assert ".venv/bin/" + " ".join(BANDIT).replace(f"{ROOT}/", "") + " ." in LINT

    done = bandit(ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import yaml; yaml.load(open('x'), yaml.Loader)  # noqa: S506 (ruff would be silent)", "B506"),
        ("import torch; torch.load('weights')", "B614"),
        ("import subprocess; subprocess.run('ls ' + word, shell=True)", "B602"),
    ],
)
def test_bandit_finds_what_ruff_was_told_not_to_see_or_does_not_know(tmp_path: Path, line: str, rule: str) -> None:
    (tmp_path / "planted.py").write_text(line + "\n", encoding="utf-8")

    done = bandit(tmp_path)

    assert done.returncode == 1
    assert rule in done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with our hook installed."""
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    (tmp_path / ".venv").symlink_to(BIN.parent)
    for words in (["git", "init", "--quiet"], [str(BIN / "pre-commit"), "install"], ["git", "add", ".pre-commit*"]):
        assert run(words, tmp_path).returncode == 0
    return tmp_path


def commit(folder: Path) -> "subprocess.CompletedProcess[str]":
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    assert run(["git", "add", "notes.py"], folder).returncode == 0
    return run(["git", "commit", "--message", "x"], folder, PRE_COMMIT_HOME=str(folder / ".git" / "pre-commit"), **who)


# Put together here, so that the scan does not find them in this file.
SECRETS: dict[str, Callable[[], str]] = {
    "AWS Access Key": lambda: "AKIA" + "IOSFODNN7EXAMPL3",
    "Private Key": lambda: "-----BEGIN " + "RSA PRIVATE KEY-----",
    "OpenAI Token": lambda: "sk-" + "a1B2" * 5 + "T3BlbkFJ" + "c3D4" * 5,
    "Basic Auth Credentials": lambda: "redis://someone:" + secrets.token_hex(12) + "@localhost/0",
    "Base64 High Entropy String": lambda: secrets.token_urlsafe(32),  # as API keys and data keys are
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_commit_that_holds_a_secret_is_refused(clone: Path, kind: str) -> None:
    (clone / "notes.py").write_text(f'SETTING = "{SECRETS[kind]()}"\n', encoding="utf-8")

    done = commit(clone)

    assert done.returncode == 1
    assert f"Secret Type: {kind}" in done.stdout + done.stderr
    assert run(["git", "rev-parse", "HEAD"], clone).returncode != 0, "there is no commit"


def test_a_commit_without_a_secret_goes_through(clone: Path) -> None:
    (clone / "notes.py").write_text('SETTING = "nothing that anybody may not know"\n', encoding="utf-8")

    done = commit(clone)

    assert done.returncode == 0, done.stdout + done.stderr


def test_lint_runs_the_hook_over_every_file() -> None:
    assert ".venv/bin/pre-commit run --all-files" in LINT
