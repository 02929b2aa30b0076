"""From a query to passages, always from one whole version of the index, and from the newest."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from rag.embedding import Embedder, Vectors
from rag.errors import ModelMismatchError, NoIndexError, RagError
from rag.lessons import Lesson
from rag.passage import COLLECTIONS, Hit
from rag.plan import Plan, plan_for
from rag.qdrant import PassageStore

log = logging.getLogger(__name__)

# Takes the version held now and returns a newer one, or nothing when there is none. Raises RagError.
Newer = Callable[[str | None], PassageStore | None]


class Retriever:
    """Searches the passages; made to be shared by all threads of a process. Building one does no input or output.

    `check_every` is how often, in seconds, a search looks for a newer version. Until the first one is there, `search`
    and `ping` raise what keeps it from being used.
    """

    def __init__(self, embedder: Embedder, newer: Newer, check_every: float) -> None:
        self._embedder = embedder
        self._newer = newer
        self._check_every = check_every
        self._next_check = 0.0
        self._lock = threading.Lock()
        self._store: PassageStore | None = None
        self._failure: RagError | None = None

    def plan(
        self,
        text: str,
        *,
        before: Sequence[str] = (),
        collections: tuple[str, ...] = COLLECTIONS,
        science: bool | None = None,
        limit: int = 5,
    ) -> Plan:
        """Read what a person wants from their words. `Plan.query` is the text to search with.

        `before` is what they said earlier, oldest first: a follow-up ("and on Tuesdays?") keeps what was asked there.
        `science` says whether passages from science modules may be found; without it, the words decide.

        Raises:
            RagError: when there is no usable index, or Qdrant does not answer.
        """
        return plan_for(text, before, self.refresh().places, collections=collections, science=science, limit=limit)

    def search(self, query: str, plan: Plan, timeout: float | None = None) -> list[Hit]:
        """Find what answers the query, best first. `timeout` in seconds is for embedding the query.

        Raises:
            RagError: when there is no usable index, or Qdrant does not answer.
            openai.OpenAIError: when the query cannot be embedded.
        """
        store = self.refresh()
        if not query.strip():
            return []
        query = store.understood(query)
        return store.search(query, self._embedder.embed([query], timeout)[0], plan)

    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        """The vectors of texts, from the model that the passages were embedded with. `timeout` is in seconds.

        Raises:
            openai.OpenAIError: when they cannot be embedded.
        """
        return self._embedder.embed(texts, timeout)

    def lessons(self) -> tuple[Lesson, ...]:
        """The numbered lessons of the programme.

        Raises:
            RagError: when there is no usable index, or Qdrant does not answer.
        """
        return self.refresh().lessons

    def ping(self) -> None:
        """Return when a search would find its passages (the embedding model aside).

        Raises:
            RagError: when there is no usable index, or Qdrant does not answer.
        """
        self.refresh().ping()

    def refresh(self) -> PassageStore:
        """Take up a newer version if one is there and it is time to look; return the one to search.

        One thread looks, the others go on with the version held; only the first load is waited for.

        Raises:
            RagError: when no version is held and none can be loaded.
        """
        due = time.monotonic() >= self._next_check
        if due and self._lock.acquire(blocking=self._store is None):
            try:
                if time.monotonic() >= self._next_check:  # else another thread looked while this one waited
                    self._look()
            finally:
                self._lock.release()
        if self._store is None:
            raise (self._failure or NoIndexError()).with_traceback(None)
        return self._store

    def _look(self) -> None:
        held = self._store.version if self._store else None
        try:
            store = self._newer(held)
            if store and store.model != self._embedder.model:
                raise ModelMismatchError(store.model, self._embedder.model)
        except RagError as error:
            self._failure = error
            if held:
                log.warning("rag.refresh_failed", extra={"held": held, "reason": type(error).__name__})
        else:
            if store:
                self._store = store
                log.info("rag.index_loaded", extra={"version": store.version})
        self._next_check = time.monotonic() + self._check_every
