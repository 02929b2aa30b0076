"""Texts to vectors, through any OpenAI-compatible API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    # For the annotation only: `python -m rag ingest` with nothing to embed would spend half a second on this import.
    from openai import OpenAI

Vectors = NDArray[np.float32]


class Embedder:
    """One embedding model. Safe to share between threads. Errors of the `openai` client pass through as they are."""

    def __init__(self, client: OpenAI, model: str) -> None:
        self._client = client
        self.model = model

    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        """Embed up to 2,048 texts, none of them empty, in one request.

        `timeout` is in seconds; without it the client's own holds. Returns one row of length 1 per text, float32.
        """
        client = self._client if timeout is None else self._client.with_options(timeout=timeout)
        response = client.embeddings.create(model=self.model, input=list(texts))
        by_index = sorted(response.data, key=lambda item: item.index)
        rows: Vectors = np.array([item.embedding for item in by_index], dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
