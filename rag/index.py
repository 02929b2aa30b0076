"""The index file: passages and their vectors, one file a version, and a pointer that names the one in use.

A version is the hash of what the file holds, so the same documents and model always give the same version. A new file
is written beside the old one and the pointer swapped last: a reader sees the old index or the new one, whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding import Vectors
from rag.errors import BrokenIndexError, IngestRunningError, NoIndexError
from rag.passage import Passage
from rag.sayings import Saying

_FORMAT = 3  # part of every version: raise it when the file's layout or `Passage.embedded_text` changes
_POINTER = "current"
_SUFFIX = ".npz"


@dataclass(frozen=True)
class Index:
    """One version: row i of `vectors` (float32, rows of length 1) belongs to passage i.

    `withheld` are passages that nothing may return; they have no vectors, so no search can. Row i of `said` belongs to
    saying i.
    """

    model: str
    passages: Sequence[Passage]
    vectors: Vectors
    withheld: Sequence[Passage] = ()
    sayings: Sequence[Saying] = ()
    said: Vectors = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def version(self) -> str:
        """See `version_of`."""
        return version_of(self.model, self.passages, self.withheld, self.sayings)

    def vectors_by_hash(self) -> dict[str, Vectors]:
        """The vector of each text by the hash of what was embedded, for reuse by the next version."""
        texts = [*(passage.embedded_text for passage in self.passages), *(saying.text for saying in self.sayings)]
        return {text_hash(text): row for text, row in zip(texts, [*self.vectors, *self.said], strict=True)}


def text_hash(text: str) -> str:
    """Same hash, same vector."""
    return hashlib.sha256(text.encode()).hexdigest()


def version_of(
    model: str, passages: Sequence[Passage], withheld: Sequence[Passage] = (), sayings: Sequence[Saying] = ()
) -> str:
    """The version that these have when embedded by this model: 16 hex digits."""
    lists = [_as_dicts(passages), _as_dicts(withheld), _as_dicts(sayings)]
    content = json.dumps([_FORMAT, model, *lists], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _as_dicts(records: Sequence[Passage] | Sequence[Saying]) -> list[dict[str, Any]]:
    return [record.as_dict() for record in records]


class IndexFolder:
    """Where the versions lie, inside DATA_DIR."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "index"

    def current(self) -> str:
        """The version in use.

        Raises:
            NoIndexError: before the first ingest.
        """
        try:
            return (self._folder / _POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NoIndexError from None

    def load(self) -> Index:
        """Read and check the version in use.

        Raises:
            NoIndexError: before the first ingest.
            BrokenIndexError: when the file is missing, damaged, or of another format.
        """
        version = self.current()
        try:
            with np.load(self._folder / f"{version}{_SUFFIX}", allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                vectors: Vectors = arrays["vectors"]
                said: Vectors = arrays["said"].astype(np.float32)
            passages, withheld = (
                [Passage.from_dict(values) for values in header[name]] for name in ("passages", "withheld")
            )
            sayings = [Saying.from_dict(values) for values in header["sayings"]]
            index = Index(header["model"], passages, vectors, withheld, sayings, said)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise BrokenIndexError(_REBUILD) from error
        complete = len(vectors) == len(index.passages) and len(said) == len(index.sayings)
        if index.version != version or vectors.dtype != np.float32 or not complete:
            raise BrokenIndexError(_REBUILD)
        return index

    def write(self, index: Index) -> None:
        """Write the version and make it the one in use. The one before is kept for readers that just chose it.

        Call it inside `locked()`. A full disk or a crash leaves the version before in use.
        """
        version = index.version
        lists = {name: _as_dicts(getattr(index, name)) for name in ("passages", "withheld", "sayings")}
        header = json.dumps({"model": index.model, **lists})
        content = io.BytesIO()
        said = index.said.astype(np.float16)  # half the size, and what is compared with it never shown as a figure
        np.savez(content, header=np.frombuffer(header.encode(), np.uint8), vectors=index.vectors, said=said)
        keep = {f"{version}{_SUFFIX}"}
        with suppress(NoIndexError):
            keep.add(f"{self.current()}{_SUFFIX}")
        self._replace(f"{version}{_SUFFIX}", content.getvalue())
        self._replace(_POINTER, version.encode("ascii"))
        for path in self._folder.glob(f"*{_SUFFIX}*"):
            if path.name not in keep:
                path.unlink()

    def _replace(self, name: str, content: bytes) -> None:
        unfinished = self._folder / f"{name}.new"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # the name must not reach the disk before the content does
        unfinished.rename(self._folder / name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer, across processes. The lock goes with the process, however it ends.

        Raises:
            IngestRunningError: when another writer is at work.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IngestRunningError from None
            yield


_REBUILD = "The index file is damaged or was written by another release. Run `python -m rag ingest` to rebuild it."
