"""docs/security.md: each promise names code that is there and tests that are there, and each command exists."""

import ast
import base64
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from config import Settings
from web.app import create_app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = PAGE.partition("\n## The promises\n")[2].partition("\n## ")[0]
SECTIONS = [
    "1. Secrets",
    "2. Who may do what",
    "3. Rate limits",
    "4. What comes in",
    "5. Browsers",
    "6. What the model reads and says",
    "7. Cost and crash",
    "8. The house",
    "Privacy of health talk",
]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, without their heads."""
    found = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [cells for cells in found if cells[0] != "promise" and set(cells[0]) != {"-"}]


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(
        node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    )


def problems(cells: list[str]) -> list[str]:
    """What is wrong with one row."""
    if len(cells) != 3 or not all(cells):
        return ["is not a promise, where it is kept, and what shows it"]
    _, where, shown = cells
    files, tests = re.findall(r"`([^`]+)`", where), re.findall(r"`([^`]+)`", shown)
    found = [f"names {file}, which is not there" for file in files if not (ROOT / file).is_file()]
    found += [] if files else ["names no file"]
    found += [] if tests else ["names no test"]
    for test in tests:
        file, _, name = test.partition("::")
        if not name.startswith("test_") or not (ROOT / file).is_file() or name not in functions(ROOT / file):
            found.append(f"names {test}, which is no test")
    return found + (["has the word OPEN: it waits for a test"] if "OPEN" in shown else [])


def test_every_section_of_the_table_has_rows() -> None:
    parts = re.split(r"^### ", PROMISES, flags=re.MULTILINE)[1:]

    assert [part.partition("\n")[0] for part in parts] == SECTIONS
    assert [part for part in parts if not rows(part)] == []


@pytest.mark.parametrize("cells", rows(PROMISES), ids=lambda cells: cells[0][:60])
def test_a_promise_has_code_that_keeps_it_and_a_test_that_shows_it(cells: list[str]) -> None:
    assert problems(cells) == []


A_TEST = "`tests/unit/test_config.py::test_empty_means_unset`"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| a promise | `config.py` |", "is not a promise, where"),
        ("| a promise | `config.py` | |", "is not a promise, where"),
        ("| a promise | nowhere | {A_TEST} |", "names no file"),
        ("| a promise | `gone.py` | {A_TEST} |", "names gone.py"),
        ("| a promise | `config.py` | a colleague says so |", "names no test"),
        (
            "| a promise | `config.py` | `tests/unit/test_config.py::test_gone` |",
            "names tests/unit/test_config.py::test_g",
        ),
        ("| a promise | `config.py` | `tests/unit/test_config.py` |", "names tests/unit/test_config.py"),
        (
            "| a promise | `config.py` | {A_TEST}, OPEN |",
            "has the word OPEN",
        ),
    ],
)
def test_a_row_that_shows_nothing_is_found(row: str, expected: str) -> None:
    ((problem,),) = map(problems, rows(row.format(A_TEST=A_TEST)))

    assert problem.startswith(expected)


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^(\w+): ##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert set(re.findall(r"^make (\w+)", "\n".join(blocks()), flags=re.MULTILINE)) == {"lint", "test", "sbom"}
    assert targets >= {"lint", "test", "sbom"}


def test_every_command_for_incidents_exists_with_its_options(tmp_path: Path) -> None:
    environ = {"REDIS_URL": "redis://127.0.0.1:9/0", "DATA_ENCRYPTION_KEYS": base64.b64encode(bytes(32)).decode()}
    app = create_app(Settings.from_env(environ, tmp_path / "no.env"))
    lines = [line for block in blocks() for line in block.splitlines() if line.startswith("admin ")]
    assert len(lines) >= 6

    for line in lines:
        words = shlex.split(line.partition("|")[0], comments=True)[1:]
        command: click.Command = app.cli
        while isinstance(command, click.Group):
            named = command.commands.get(words[0])
            assert named is not None, line
            command, words = named, words[1:]
        command.make_context(command.name, words)  # refuses what it does not know


def test_the_events_to_look_for_are_those_that_are_logged() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "web").glob("*.py"))
    events = re.findall(r"grep -h '([A-Z][a-z ]+)'", PAGE)

    assert events == ["Authentication failed", "Rate limit exceeded", "Input validation failed"]
    assert all(f'log.warning("{event}"' in code for event in events)
