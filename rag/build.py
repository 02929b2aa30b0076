"""Puts a retriever together from the settings' values."""

from __future__ import annotations

from pathlib import Path

from qdrant_client import QdrantClient

from rag import qdrant
from rag.embedded import embedded_qdrant
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.publishing import publish
from rag.qdrant import PassageStore
from rag.retriever import Newer, Retriever

_QDRANT_TIMEOUT = 10  # seconds


def open_retriever(
    *, embedder: Embedder, data_dir: Path, qdrant_url: str, qdrant_api_key: str, check_every: float = 3.0
) -> Retriever:
    """A retriever on the Qdrant server, or without a URL on a copy of the index file in this process's memory.

    Opens nothing yet: the first `search` or `ping` does. `check_every` is in seconds.
    """
    if qdrant_url:
        newer = follow_server(qdrant_server(qdrant_url, qdrant_api_key))
    else:
        newer = follow_folder(IndexFolder(data_dir))
    return Retriever(embedder, newer, check_every)


def qdrant_server(url: str, api_key: str) -> QdrantClient:
    """A client of the server at `url`. The check of its version is off because it opens a socket at once."""
    return QdrantClient(url=url, api_key=api_key or None, timeout=_QDRANT_TIMEOUT, check_compatibility=False)


def follow_server(client: QdrantClient) -> Newer:
    """Newer versions are those that the server's alias comes to name."""

    def newer(held: str | None) -> PassageStore | None:
        store = qdrant.served(client)
        return store if store.version != held else None

    return newer


def follow_folder(folder: IndexFolder) -> Newer:
    """Newer versions are those that the index folder's pointer comes to name."""

    def newer(held: str | None) -> PassageStore | None:
        if folder.current() == held:
            return None
        return publish(embedded_qdrant(), folder.load())

    return newer
