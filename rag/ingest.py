"""From passages to the index in use, embedding only what is new."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from rag.embedding import Embedder, Vectors
from rag.errors import BrokenIndexError, NoIndexError
from rag.index import Index, IndexFolder, text_hash, version_of
from rag.passage import Passage

_BATCH = 32  # texts in a request: small enough for a moving bar, large enough that round trips do not matter


@dataclass(frozen=True)
class Ingested:
    """The index in use now. `changed` is false when it was in use already; `embedded` counts new vectors."""

    index: Index
    changed: bool
    embedded: int


def ingest(
    passages: Sequence[Passage],
    folder: IndexFolder,
    model: str,
    open_embedder: Callable[[], AbstractContextManager[Embedder]],
) -> Ingested:
    """Make these passages, embedded by this model, the index in use.

    The embedder is opened only when a passage has no vector of this model yet. A progress bar goes to stderr when that
    is a terminal.

    Raises:
        IngestRunningError: when another process is writing the index.
        openai.OpenAIError: when the texts cannot be embedded; the index before stays in use.
    """
    with folder.locked():
        before = _usable(folder)
        if before and before.version == version_of(model, passages):
            return Ingested(before, changed=False, embedded=0)
        known = before.vectors_by_hash() if before and before.model == model else {}
        new = [passage for passage in passages if text_hash(passage) not in known]
        if new:
            with open_embedder() as embedder:
                known |= _embedded(new, embedder)
        index = Index(model, passages, np.stack([known[text_hash(passage)] for passage in passages]))
        folder.write(index)
        return Ingested(index, changed=True, embedded=len(new))


def _usable(folder: IndexFolder) -> Index | None:
    try:
        return folder.load()
    except (NoIndexError, BrokenIndexError):
        return None  # everything is embedded anew


def _embedded(passages: Sequence[Passage], embedder: Embedder) -> dict[str, Vectors]:
    vectors: dict[str, Vectors] = {}
    with tqdm(total=len(passages), desc="Embedding", unit=" passages", file=sys.stderr, disable=None) as bar:
        for start in range(0, len(passages), _BATCH):
            batch = passages[start : start + _BATCH]
            rows = embedder.embed([passage.embedded_text for passage in batch])
            vectors |= {text_hash(passage): row for passage, row in zip(batch, rows, strict=True)}
            bar.update(len(batch))
    return vectors
