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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding import Vectors
from rag.errors import BrokenIndexError, IngestRunningError, NoIndexError
from rag.passage import Passage

_FORMAT = 2  # part of every version: raise it when the file's layout or `Passage.embedded_text` changes
_POINTER = "current"
_SUFFIX = ".npz"


@dataclass(frozen=True)
class Index:
    """One version: row i of `vectors` (float32, rows of length 1) belongs to passage i.

    `withheld` are passages that nothing may return; they have no vectors, so no search can.
    """

    model: str
    passages: Sequence[Passage]
    vectors: Vectors
    withheld: Sequence[Passage] = ()

    @property
    def version(self) -> str:
        """See `version_of`."""
        return version_of(self.model, self.passages, self.withheld)

    def vectors_by_hash(self) -> dict[str, Vectors]:
        """The vector of each passage by the hash of what was embedded, for reuse by the next version."""
        return {text_hash(passage): row for passage, row in zip(self.passages, self.vectors, strict=True)}


def text_hash(passage: Passage) -> str:
    """Same hash, same vector."""
    return hashlib.sha256(passage.embedded_text.encode()).hexdigest()


def version_of(model: str, passages: Sequence[Passage], withheld: Sequence[Passage] = ()) -> str:
    """The version that these passages have when embedded by this model: 16 hex digits."""
    content = json.dumps([_FORMAT, model, _as_dicts(passages), _as_dicts(withheld)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _as_dicts(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    return [passage.as_dict() for passage in passages]


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
            passages, withheld = (
                [Passage.from_dict(values) for values in header[name]] for name in ("passages", "withheld")
            )
            index = Index(header["model"], passages, vectors, withheld)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise BrokenIndexError(_REBUILD) from error
        if index.version != version or vectors.dtype != np.float32 or len(vectors) != len(index.passages):
            raise BrokenIndexError(_REBUILD)
        return index

    def write(self, index: Index) -> None:
        """Write the version and make it the one in use. The one before is kept for readers that just chose it.

        Call it inside `locked()`. A full disk or a crash leaves the version before in use.
        """
        version = index.version
        lists = {"passages": _as_dicts(index.passages), "withheld": _as_dicts(index.withheld)}
        header = json.dumps({"model": index.model, **lists})
        content = io.BytesIO()
        np.savez(content, header=np.frombuffer(header.encode(), np.uint8), vectors=index.vectors)
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
