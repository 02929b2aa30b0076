"""Read documents into the index, and search it from a terminal."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from config import Settings, load_or_exit
from rag import ingesting
from rag.embedding import Embedder
from rag.errors import NoIndexError, RagError
from rag.index import IndexFolder
from rag.ingesting import SAMPLE_PROGRAMME
from rag.passage import COLLECTIONS, Passage
from rag.reading import read_folder

if TYPE_CHECKING:
    from rag.retriever import Retriever

# openai, offline and qdrant_client are imported where they are used: together they take well over a second, and
# `make run` calls `ingest` at every start, mostly to hear that nothing has changed.

_EMBEDDING_TIMEOUT = 60  # seconds, for a request of one batch
_EXIT_INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


def main() -> int:
    """Run one command; returns the exit code."""
    arguments = _arguments()
    settings = load_or_exit()
    try:
        code = _run(arguments, settings)
        sys.stdout.flush()
        return code
    except RagError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # `python -m rag list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"{error.filename or settings.data_dir}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. The index is as it was.", file=sys.stderr)
        return _EXIT_INTERRUPTED
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rag", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser(
        "ingest", help="read documents and make them the index in use, in place of the one before"
    )
    command.add_argument("paths", nargs="*", type=Path, help="files and folders; without any, the sample programme")
    command.add_argument(
        "--collection", choices=COLLECTIONS, help="put all passages there, whatever the files say of themselves"
    )
    command.add_argument("--dry-run", action="store_true", help="only tell what would be read")
    command.add_argument(
        "--questions", action="store_true", help="ask the chat model which questions each passage answers"
    )

    command = commands.add_parser("list", help="show which passages the index holds")
    command.add_argument("--collection", choices=COLLECTIONS, help="of this collection only")

    command = commands.add_parser("show", help="show one passage with all that is known about it")
    command.add_argument("id")

    command = commands.add_parser("search", help="show the passages that answer a query")
    command.add_argument("query")
    command.add_argument("--collection", choices=COLLECTIONS, help="search this collection only")
    command.add_argument("--limit", type=_positive, default=5, help="how many passages at most (default: 5)")

    command = commands.add_parser("eval", help="measure the search on questions with known answers")
    command.add_argument("file", type=Path, help="one JSON object a line: docs/retrieval.md")

    command = commands.add_parser("bench", help="measure how fast a search is on this machine")
    command.add_argument(
        "--passages", type=_positive, help="over so many generated passages, not over the index in use"
    )

    for name in ("list", "show", "search", "eval", "bench"):
        commands.choices[name].add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    match arguments.command:
        case "ingest":
            return ingesting.run(arguments, settings, lambda: _embedder(settings))
        case "list":
            return _list(arguments.collection, arguments.json, settings)
        case "show":
            return _show(arguments.id, arguments.json, settings)
        case "search":
            return _search(arguments.query, arguments.collection, arguments.limit, arguments.json, settings)
        case "eval":
            return _evaluate(arguments.file, arguments.json, settings)
        case _:
            return _bench(arguments.passages, arguments.json, settings)


def _list(collection: str | None, as_json: bool, settings: Settings) -> int:
    passages = [passage for passage in _passages(settings) if collection in (None, passage.collection)]
    if as_json:
        fields = ("id", "collection", "title", "withheld")
        _print_json([{name: getattr(passage, name) for name in fields} for passage in passages])
        return 0
    for passage in passages:
        print(f"{passage.id}  {passage.title}{'  (never returned)' if passage.withheld else ''}")
    return 0


def _show(passage_id: str, as_json: bool, settings: Settings) -> int:
    passage = next((passage for passage in _passages(settings) if passage.id == passage_id), None)
    if passage is None:
        raise RagError(f"There is no passage {passage_id}. `python -m rag list` shows those there are.")
    if as_json:
        _print_json(passage.as_dict() | {"withheld": passage.withheld})
        return 0
    print(f"{passage.id} ({passage.collection}{', never returned' if passage.withheld else ''})")
    for name, value in passage.metadata.items():
        print(f"{name}: {'; '.join(value) if isinstance(value, tuple) else value}")
    print(f"\n{passage.title}\n\n{passage.text}")
    return 0


def _passages(settings: Settings) -> list[Passage]:
    """All that this machine's index file holds, withheld passages last; a Qdrant server has no more."""
    index = IndexFolder(settings.data_dir).load()
    return [*index.passages, *index.withheld]


def _search(query: str, collection: str | None, limit: int, as_json: bool, settings: Settings) -> int:
    with _retriever(settings) as retriever:
        plan = retriever.plan(query, collections=(collection,) if collection else COLLECTIONS, limit=limit)
        hits = retriever.search(plan.query, plan)
    if as_json:
        fields = ("id", "collection", "title", "text")
        _print_json(
            [{name: getattr(hit.passage, name) for name in fields} | {"score": round(hit.score, 4)} for hit in hits]
        )
        return 0
    for hit in hits:
        lacks = f"  (not as asked: {', '.join(hit.relaxed)})" if hit.relaxed else ""
        print(f"{hit.score:.2f}  {hit.passage.id}  {hit.passage.title}{lacks}\n{hit.passage.text}\n")
    return 0


def _evaluate(file: Path, as_json: bool, settings: Settings) -> int:
    from rag import evaluation  # noqa: PLC0415 (nothing else needs it)

    questions = evaluation.read_questions(file)
    judged = []
    with _retriever(settings) as retriever:
        for question in questions:
            plan = retriever.plan(question.query, collections=(question.collection,), limit=evaluation.DEPTH)
            hits = retriever.search(plan.query, plan)
            judged.append(evaluation.judge(question, [hit.passage.id for hit in hits]))
    wanted = {passage_id for question in questions for passage_id in question.gold}
    try:
        missing = len(wanted - {passage.id for passage in _passages(settings) if not passage.withheld})
    except NoIndexError:  # the index is on a server, and another machine filled it
        missing = 0
    if missing:
        print(
            f"{missing} of the {len(wanted)} ids in {file} are not in the index and cannot be found.", file=sys.stderr
        )
    if as_json:
        _print_json(evaluation.summary(judged))
    else:
        print(evaluation.table(judged))
    return 0


def _bench(count: int | None, as_json: bool, settings: Settings) -> int:
    from rag import bench  # noqa: PLC0415 (see above)
    from rag.build import open_retriever  # noqa: PLC0415 (see above)

    data_dir, qdrant_url, passages = settings.data_dir, settings.qdrant_url, count
    if count is None and not qdrant_url:
        passages = len(IndexFolder(data_dir).load().passages)
    with TemporaryDirectory() as folder, _embedder(settings) as embedder:
        if count is not None:
            data_dir, qdrant_url = Path(folder), ""
            sample = read_folder(SAMPLE_PROGRAMME)
            if not sample.passages:
                raise RagError(f"{SAMPLE_PROGRAMME} holds no passage to take words and facts from.")
            bench.write_generated(count, sample, embedder, IndexFolder(data_dir))
        retriever = open_retriever(
            embedder=embedder, data_dir=data_dir, qdrant_url=qdrant_url, qdrant_api_key=settings.qdrant_api_key
        )
        report = bench.measure(retriever, passages)
    if as_json:
        _print_json(report.as_dict())
    else:
        print(report.table())
    return 0


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def _retriever(settings: Settings) -> Iterator[Retriever]:
    """A retriever for as long as the block runs."""
    from rag.build import open_retriever  # noqa: PLC0415 (see above)

    if not settings.qdrant_url:
        IndexFolder(settings.data_dir).current()  # says that there is no index before a model server is started
    with _embedder(settings) as embedder:
        yield open_retriever(
            embedder=embedder,
            data_dir=settings.data_dir,
            qdrant_url=settings.qdrant_url,
            qdrant_api_key=settings.qdrant_api_key,
        )


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
