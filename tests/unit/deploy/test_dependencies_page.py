"""docs/dependencies.md explains what is installed, all of it and nothing else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_direct_dependency_is_explained_in_the_section_of_its_file() -> None:
    _, *sections = re.split(
        r"^## ", (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    explained = {}
    for section in sections:
        rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        explained[section.split("`")[1]] = {name for row in rows for name in re.findall(r"`([\w-]+)", row)}
    named = {
        path.name: set(re.findall(r"^([a-z][\w-]*)", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in ROOT.glob("requirements*.in")
    }
    assert explained == named
