"""From a folder of documents to passages. The kind of a file is told by its content, not by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rag import markdown, tables
from rag.errors import RagError
from rag.passage import Passage

# Each module has `recognises(text)` and `read(text)`; the first that recognises a file reads it.
_FORMATS = (markdown, tables)
_TEXT_SUFFIXES = {".md", ".csv", ".txt"}


@dataclass(frozen=True)
class Problem:
    """A record that was left out: where it is (path inside the folder, line from 1) and what to mend."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass
class Reading:
    """What a folder held. `skipped` are the files of kinds that are not read, which is no mistake."""

    passages: list[Passage] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def read_folder(folder: Path) -> Reading:
    """Read every file below the folder, in order of path; names that start with a full stop are passed over.

    Raises:
        RagError: when there is no such folder, or no passage in it.
    """
    if not folder.is_dir():
        raise RagError(f"There is no folder {folder}. Name the folder that holds the programme's documents.")
    reading, seen = Reading(), dict[str, Problem]()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            _read_file(path, name.as_posix(), reading, seen)
    if not reading.passages and not reading.problems:
        raise RagError(f"There is no document in {folder} that can be read.")
    return reading


def _read_file(path: Path, name: str, reading: Reading, seen: dict[str, Problem]) -> None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        if path.suffix.lower() in _TEXT_SUFFIXES:  # most likely a spreadsheet's export, which must not vanish quietly
            reading.problems.append(Problem(name, 1, "the file is not UTF-8 text: save it as UTF-8"))
        else:
            reading.skipped.append(name)
        return
    reader = next((module.read for module in _FORMATS if module.recognises(text)), None)
    if reader is None:
        reading.skipped.append(name)
        return
    for line, record in reader(text):
        if isinstance(record, str):
            reading.problems.append(Problem(name, line, record))
        elif record.id in seen:
            first = seen[record.id]
            reading.problems.append(
                Problem(name, line, f"the id {record.id} is taken by {first.file}:{first.line}: rename one of them")
            )
        else:
            seen[record.id] = Problem(name, line, "")
            reading.passages.append(record)
