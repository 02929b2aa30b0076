"""Writes what the service is made of as a CycloneDX 1.6 bill of materials (https://cyclonedx.org); run by `make sbom`.

Everything but the licences comes from the lock files, so it needs no network and holds for every platform they are
for. Licences are those that the packages installed beside this interpreter declare: a package that is locked for
another platform only has none here. But for its serial number and time, the same locks give the same file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-offline.txt")
TARGET = "sbom.cdx.json"

_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST_LICENSE_NAME = 80  # some packages put the whole text of their licence into its name


@dataclass
class Locked:
    """One version of one package, and which lock files have it."""

    name: str
    version: str
    hashes: set[str] = field(default_factory=set)
    wanted_by: set[str] = field(default_factory=set)  # other packages
    direct: bool = False  # named in a requirements*.in
    files: set[str] = field(default_factory=set)


def locked(root: Path) -> list[Locked]:
    """Every package version in the lock files of `root`; one that both have is there once."""
    found: dict[tuple[str, str], Locked] = {}
    for file in LOCKS:
        for name, version, rest in _entries((root / file).read_text(encoding="utf-8")):
            package = found.setdefault((name, version), Locked(name, version))
            package.hashes.update(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
            package.wanted_by.update(re.findall(r"#(?: via|  ) ([\w.-]+)$", rest, re.MULTILINE))
            package.direct |= "-r requirements" in rest
            package.files.add(file)
    return sorted(found.values(), key=lambda package: (package.name, package.version))


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and the indented lines (hashes, who wants it) of each entry of a lock file."""
    for entry in re.split(r"^(?=\w)", text, flags=re.MULTILINE):
        if match := re.match(r"([\w.-]+)==(\S+)(.*)", entry, flags=re.DOTALL):
            yield match[1], match[2], match[3]


def bill(root: Path) -> Bom:
    """The bill of materials for the lock files and `pyproject.toml` of `root`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    product = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )
    pairs = [(package, _component(package)) for package in locked(root)]
    bom = Bom(components=[component for _, component in pairs])
    bom.metadata.component = product
    bom.register_dependency(product, [component for package, component in pairs if package.direct])
    for package, component in pairs:
        bom.register_dependency(component, [needed for other, needed in pairs if package.name in other.wanted_by])
    return bom


def _component(package: Locked) -> Component:
    url = PackageURL("pypi", name=package.name, version=package.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=url,
        bom_ref=str(url),
        # One for each file that may be installed: the wheels of the platforms, and the source.
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in package.hashes],
        licenses=[LicenseFactory().make_from_string(words) for words in _licences(package.name)],
        properties=[Property(name="lock", value=file) for file in package.files],
    )


def _licences(name: str) -> list[str]:
    """What the installed package declares: an SPDX expression or a short name, else its classifiers; [] = unknown."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return []
    for words in (*told.get_all("License-Expression", []), *told.get_all("License", [])):
        if words.strip() not in {"", "UNKNOWN"} and len(words) <= _LONGEST_LICENSE_NAME:
            return [words.strip()]
    return [c.removeprefix(_CLASSIFIER) for c in told.get_all("Classifier", []) if c.startswith(_CLASSIFIER)]


def main() -> None:
    """Write the file into the working folder."""
    bom = bill(ROOT)
    Path(TARGET).write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    print(f"{TARGET}: {len(bom.components)} packages of {' and '.join(LOCKS)}")


if __name__ == "__main__":
    main()
