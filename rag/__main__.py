"""Read documents into the index, and search it from a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import Settings, load_or_exit
from rag.embedding import Embedder
from rag.errors import RagError
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.passage import COLLECTIONS
from rag.plan import Plan
from rag.reading import read_folder

# openai, offline and qdrant_client are imported where they are used: together they take well over a second, and
# `make run` calls `ingest` at every start, mostly to hear that nothing has changed.

_SAMPLE_PROGRAMME = Path(__file__).resolve().parent.parent / "knowledge"
_EMBEDDING_TIMEOUT = 60  # seconds, for a request of one batch
_EXIT_INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _arguments()
    settings = load_or_exit()
    try:
        if arguments.command == "ingest":
            return _ingest(arguments.folder, settings)
        return _search(arguments.query, arguments.collection, arguments.limit, arguments.json, settings)
    except RagError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or settings.data_dir}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. The index is as it was.", file=sys.stderr)
        return _EXIT_INTERRUPTED
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rag", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("ingest", help="read a folder of documents and make it the index in use")
    command.add_argument(
        "folder", nargs="?", type=Path, default=_SAMPLE_PROGRAMME, help="default: the sample programme"
    )
    command = commands.add_parser("search", help="show the passages that answer a query")
    command.add_argument("query")
    command.add_argument("--collection", choices=COLLECTIONS, help="search this collection only")
    command.add_argument("--limit", type=_positive, default=5, help="how many passages at most (default: 5)")
    command.add_argument("--json", action="store_true", help="print a JSON list and nothing else")
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def _ingest(folder: Path, settings: Settings) -> int:
    reading = read_folder(folder)
    for name in reading.skipped:
        print(f"skipped {name}: not a document of a kind that is read", file=sys.stderr)
    for problem in reading.problems:
        print(f"left out {problem}", file=sys.stderr)
    if not reading.passages:
        raise RagError("No passage could be read, so the index stays as it was.")
    index_folder = IndexFolder(settings.data_dir)
    done = ingest(reading.passages, index_folder, settings.openai_embedding_model, lambda: _embedder(settings))
    if settings.qdrant_url:
        from rag import build, qdrant  # noqa: PLC0415 (see above)

        qdrant.publish(build.qdrant_server(settings.qdrant_url, settings.qdrant_api_key), done.index)
    counts = Counter(passage.collection for passage in reading.passages)
    print(", ".join(f"{name} {counts[name]}" for name in COLLECTIONS), f"(total {len(reading.passages)})")
    change = f"{done.embedded} embedded" if done.changed else "unchanged"
    print(f"version {done.index.version}: {change}")
    return 1 if reading.problems else 0


def _search(query: str, collection: str | None, limit: int, as_json: bool, settings: Settings) -> int:
    from rag.build import open_retriever  # noqa: PLC0415 (see above)

    if not settings.qdrant_url:
        IndexFolder(settings.data_dir).current()  # says that there is no index before a model server is started
    plan = Plan(collections=(collection,) if collection else COLLECTIONS, limit=limit)
    with _embedder(settings) as embedder:
        retriever = open_retriever(
            embedder=embedder,
            data_dir=settings.data_dir,
            qdrant_url=settings.qdrant_url,
            qdrant_api_key=settings.qdrant_api_key,
        )
        hits = retriever.search(query, plan)
    if as_json:
        fields = ("id", "collection", "title", "text")
        found = [{name: getattr(hit.passage, name) for name in fields} | {"score": round(hit.score, 4)} for hit in hits]
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    for hit in hits:
        print(f"{hit.score:.2f}  {hit.passage.id}  {hit.passage.title}\n{hit.passage.text}\n")
    return 0


@contextmanager
def _embedder(settings: Settings) -> Iterator[Embedder]:
    """An embedder for as long as the block runs."""
    from openai import OpenAI, OpenAIError  # noqa: PLC0415 (see above)

    with _model_url(settings) as base_url:
        client = OpenAI(api_key=settings.openai_api_key, base_url=base_url, timeout=_EMBEDDING_TIMEOUT)
        try:
            yield Embedder(client, settings.openai_embedding_model)
        except OpenAIError as error:
            raise RagError(
                f"The embedding model {settings.openai_embedding_model} does not answer ({type(error).__name__}). "
                "Check OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_EMBEDDING_MODEL."
            ) from error


@contextmanager
def _model_url(settings: Settings) -> Iterator[str]:
    """Where the model API listens; the offline server is started for the block if nothing else is configured."""
    if not settings.offline:
        yield settings.openai_base_url
        return
    from offline.process import OfflineServerError, running  # noqa: PLC0415 (see above)

    try:
        with running(settings) as base_url:
            yield base_url
    except OfflineServerError as error:
        raise RagError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
