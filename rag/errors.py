"""What can go wrong between a folder of documents and a passage found in it."""


class RagError(Exception):
    """Retrieval or ingestion cannot go on. The message is one sentence for the person who runs the service.

    It never quotes a query or a passage, so it may be shown and logged. `permanent` is false when the same call may
    work a little later.
    """

    permanent = True


class NoIndexError(RagError):
    """Nothing has been ingested yet. Not permanent: a running process picks up the index once it is there."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("There is no index yet. Run `python -m rag ingest` first.")


class BrokenIndexError(RagError):
    """The index file is damaged or was written in another format."""


class ModelMismatchError(RagError):
    """The index holds vectors of another embedding model, which must not be compared with this one's."""

    def __init__(self, index_model: str, model: str) -> None:
        super().__init__(
            f"The index was built with the embedding model {index_model}, but the settings name {model}. "
            "Run `python -m rag ingest` to rebuild it, or set OPENAI_EMBEDDING_MODEL back."
        )


class IngestRunningError(RagError):
    """Another process is writing the index."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("Another ingest is writing this index. Wait until it has finished, then run this one again.")


class QdrantError(RagError):
    """The Qdrant server did not answer, or not as expected."""

    permanent = False
