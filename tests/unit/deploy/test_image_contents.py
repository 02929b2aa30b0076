"""An image holds all the code of the project that its processes can come to import, and no secret."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.check_containers import DOCKERFILES, ROOT, copied


def imported(path: Path) -> Iterator[str]:
    """Every dotted name that a file may import, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_the_project(module: str) -> Iterator[Path]:
    """The file of a dotted name, if it is the project's."""
    path = ROOT.joinpath(*module.split("."))
    yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_holds_every_project_file_that_is_imported_in_it(name: str) -> None:
    sources = [ROOT / source for source in copied((ROOT / name).read_text(encoding="utf-8"))]
    held = {file for source in sources for file in [source, *source.rglob("*.py")] if file.suffix == ".py"}
    needed = {file for path in held for module in imported(path) for file in of_the_project(module)}
    assert ROOT / "config.py" in needed, "the test no longer sees any import"
    assert needed <= held


def enters_the_build(path: str, rules: list[str]) -> bool:
    """Whether Docker sends a file to the builder: the last rule that names it, or a folder it is in, decides."""
    names = [path, *map(str, Path(path).parents)][:-1]
    enters = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        # fnmatch's `*` also matches slashes, which Docker's does not: `*` alone then means every path, as here.
        patterns = [pattern, pattern.removeprefix("**/")] if pattern.startswith("**/") else [pattern]
        if any(fnmatch.fnmatchcase(name, each) for name in names for each in patterns):
            enters = rule.startswith("!")
    return enters


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        ".git/config",
        ".data/stack.env",
        ".data/valkey/valkey.conf",
        ".data/run/offline.key",
        "docker-compose.override.yml",
        "web/.env",
        "workers/.data/stack.env",
        "store/server.key",
        "knowledge/certificates/server.pem",
        "tests/conftest.py",
    ],
)
def test_no_secret_enters_a_build_wherever_it_was_put(path: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert enters_the_build("web/wsgi.py", rules), "the code does"
    assert enters_the_build("knowledge/lessons/any.md", rules), "the documents do"
    assert not enters_the_build(path, rules)
