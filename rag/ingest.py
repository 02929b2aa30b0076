"""From passages to the index in use, embedding only what is new."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from rag.embedding import Embedder, Vectors
from rag.errors import BrokenIndexError, NoIndexError
from rag.index import Index, IndexFolder, text_hash, version_of
from rag.passage import Passage
from rag.sayings import Saying

_BATCH = 32  # texts in a request: small enough for a moving bar, large enough that round trips do not matter
_REQUESTS_AT_ONCE = 2  # the embedded model runs two at once, a core each
_SAME_MODEL = 0.98  # cosine of one text's two vectors: rounding leaves .999, and two models share nothing


@dataclass(frozen=True)
class Ingested:
    """The index in use now. `changed` is false when it was in use already; `embedded` counts passages embedded anew."""

    index: Index
    changed: bool
    embedded: int


def ingest(
    passages: Sequence[Passage],
    folder: IndexFolder,
    model: str,
    open_embedder: Callable[[], AbstractContextManager[Embedder]],
    withheld: Sequence[Passage] = (),
    *,
    sayings: Sequence[Saying] = (),
) -> Ingested:
    """Make these passages and sayings, embedded by this model, the index in use.

    It keeps `withheld` for people to look at only. The embedder is opened only when a text has no vector of this model
    yet. A progress bar goes to stderr when that is a terminal.

    Raises:
        IngestRunningError: when another process is writing the index.
        openai.OpenAIError: when the texts cannot be embedded; the index before stays in use.
    """
    with folder.locked():
        before = _usable(folder)
        if before and before.version == version_of(model, passages, withheld, sayings):
            return Ingested(before, changed=False, embedded=0)
        known = before.vectors_by_hash() if before and before.model == model else {}
        wanted = {text_hash(passage.embedded_text): passage.embedded_text for passage in passages}
        texts = wanted | {text_hash(saying.text): saying.text for saying in sayings}
        new = {key: text for key, text in texts.items() if key not in known}
        if new:
            with open_embedder() as embedder:
                if before and known and not _gives_the_same(embedder, before):
                    known, new = {}, texts
                known |= _embedded(new, embedder)
        vectors = np.stack([known[text_hash(passage.embedded_text)] for passage in passages])
        said = np.array([known[text_hash(saying.text)] for saying in sayings], np.float32)
        index = Index(model, passages, vectors, withheld, sayings, said.reshape(len(sayings), vectors.shape[1]))
        folder.write(index)
        return Ingested(index, changed=True, embedded=len(new.keys() & wanted.keys()))


def _gives_the_same(embedder: Embedder, before: Index) -> bool:
    """Whether this is the model that made the vectors: a name may have come to mean another one."""
    [row] = embedder.embed([before.passages[0].embedded_text])
    return row.shape == before.vectors[0].shape and float(row @ before.vectors[0]) > _SAME_MODEL


def _usable(folder: IndexFolder) -> Index | None:
    try:
        return folder.load()
    except (NoIndexError, BrokenIndexError):
        return None  # everything is embedded anew


def _embedded(texts: Mapping[str, str], embedder: Embedder) -> dict[str, Vectors]:
    by_length = sorted(
        texts, key=lambda key: len(texts[key]), reverse=True
    )  # like lengths in a request: little padding
    batches = [by_length[start : start + _BATCH] for start in range(0, len(by_length), _BATCH)]
    vectors: dict[str, Vectors] = {}
    with (
        ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool,
        tqdm(total=len(texts), desc="Embedding", unit=" texts", file=sys.stderr, disable=None) as bar,
    ):
        answers = pool.map(lambda batch: embedder.embed([texts[key] for key in batch]), batches)
        for batch, rows in zip(batches, answers, strict=True):
            vectors |= zip(batch, rows, strict=True)
            bar.update(len(batch))
    return vectors
