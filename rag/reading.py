"""From files and folders to passages. The kind of a file is told by its content, not by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag import activity_export, documents, lesson_export, markdown, outline, questions, resource_export, tables
from rag.errors import RagError
from rag.passage import Passage, Records
from rag.text import slug

_TEXT_SUFFIXES = {".md", ".csv", ".txt"}


@dataclass(frozen=True)
class Problem:
    """A record that was left out: where it is (path, line from 1) and what to mend."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass
class Reading:
    """What the files held. `withheld` are passages never to be found; `skipped`, files of no known kind, no mistake."""

    passages: list[Passage] = field(default_factory=list)
    withheld: list[Passage] = field(default_factory=list)
    questions: dict[str, tuple[str, ...]] = field(default_factory=dict)  # that passages answer, by their ids
    problems: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _asked: dict[str, Problem] = field(default_factory=dict)  # where the questions of each passage are
    _ids: dict[str, Problem] = field(default_factory=dict)  # where each was read first
    _texts: dict[str, Problem] = field(default_factory=dict)

    def add(self, passage: Passage, file: Path, line: int) -> None:
        """Keep the passage, unless it is there already.

        Activities and resources are numbered in each file: where another file has the number, the name goes in too.
        """
        place = Problem(str(file), line, "")
        numbered = passage.collection != "lessons"
        twin = self._texts.setdefault(passage.embedded_text, place) if numbered else place
        if twin.file != place.file:
            self.problems.append(replace(place, reason=f"the same as {twin.file}:{twin.line}: remove one of them"))
            return
        if numbered and self._ids.get(passage.id, place).file != place.file:
            kind, _, number = passage.id.rpartition("-")
            passage = replace(passage, id=f"{kind}-{slug(file.stem)}-{number}")
        if first := self._ids.get(passage.id):
            reason = f"the id {passage.id} is taken by {first.file}:{first.line}: rename one of them"
            self.problems.append(replace(place, reason=reason))
            return
        self._ids[passage.id] = place
        (self.withheld if passage.withheld else self.passages).append(passage)

    def add_questions(self, text: str, file: Path) -> None:
        """Keep the questions of a file for the passages they name, which may be read later."""
        for line, record in questions.read(text):
            if isinstance(record, str):
                self.problems.append(Problem(str(file), line, record))
            elif record[0] in self.questions:
                self.problems.append(Problem(str(file), line, f"{record[0]} has questions already: keep one line"))
            else:
                self.questions[record[0]] = record[1]
                self._asked[record[0]] = Problem(str(file), line, f"there is no passage {record[0]} to be found")

    def close(self) -> None:
        """Leave out questions of passages that were not read, or that nothing may return."""
        for passage_id in self.questions.keys() - {passage.id for passage in self.passages}:
            del self.questions[passage_id]
            self.problems.append(self._asked[passage_id])


def read_folder(*paths: Path, collection: str | None = None) -> Reading:
    """Read every file below each folder, in order of path; names that start with a full stop are passed over.

    A path may also be that of one file.

    With a `collection`, all passages go there, and Markdown without front matter is read too.

    Raises:
        RagError: when there is no such path, or nothing in them that can be read.
    """
    for path in paths:
        if not path.exists():
            raise RagError(f"There is no file or folder {path}. Name what holds the programme's documents.")
    reading = Reading()
    for file in dict.fromkeys(file for path in paths for file in _files(path)):  # each once
        _read_file(file, collection, reading)
    reading.close()
    if not reading.passages and not reading.problems:
        raise RagError(f"There is no document in {', '.join(map(str, paths))} that can be read.")
    return reading


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def _read_file(path: Path, collection: str | None, reading: Reading) -> None:
    name, content = str(path), path.read_bytes()
    if (text := _text(content)) is not None and questions.recognises(text):
        reading.add_questions(text, path)
        return
    try:
        records = _records(content, path.stem, collection)
    except UnicodeDecodeError:
        if path.suffix.lower() in _TEXT_SUFFIXES:  # most likely a spreadsheet's export, which must not vanish quietly
            reading.problems.append(Problem(name, 1, "the file is not UTF-8 text: save it as UTF-8"))
            return
        records = None
    except documents.UnreadableDocumentError as error:
        reading.problems.append(Problem(name, 1, str(error)))
        return
    if records is None:
        reading.skipped.append(name)
        return
    for line, record in records:
        if isinstance(record, str):
            reading.problems.append(Problem(name, line, record))
            continue
        reading.add(replace(record, collection=collection or record.collection), path, line)


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return None


def _records(content: bytes, stem: str, collection: str | None) -> Records | None:  # noqa: PLR0911 (a return a kind)
    """The records of a file of a known kind, the first that recognises it."""
    if suffix := documents.kind(content):
        return outline.read(documents.to_markdown(content, suffix), stem, collection or "lessons")
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if markdown.recognises(text):
        return markdown.read(text, stem, collection)
    if tables.recognises(text):
        return tables.read(text)
    if lesson_export.recognises(text):
        return lesson_export.read(text)
    if activity_export.recognises(text):
        return activity_export.read(text)
    if resource_export.recognises(text):
        return resource_export.read(text)
    if collection and outline.recognises(text):
        return outline.read(text, stem, collection)
    return None
