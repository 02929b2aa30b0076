"""`python -m rag ingest`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from config import Settings
from rag import made_up, sayings, summary
from rag.embedding import Embedder
from rag.errors import BrokenIndexError, NoIndexError, RagError
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.reading import Reading, read_folder

# openai and qdrant_client are imported where they are used: `make run` calls this at every start, mostly to hear that
# nothing has changed, and they take about a second.

SAMPLE_PROGRAMME = Path(__file__).resolve().parent.parent / "knowledge"
_CHAT_TIMEOUT = 120  # seconds


def run(
    arguments: argparse.Namespace, settings: Settings, open_embedder: Callable[[], AbstractContextManager[Embedder]]
) -> int:
    """Read the documents and make them the index in use, or tell what would be read; returns the exit code.

    Raises:
        RagError: when there is nothing to read, or a model or Qdrant does not answer; the index stays as it was.
    """
    dry_run = arguments.dry_run
    reading = read_folder(*(arguments.paths or [SAMPLE_PROGRAMME]), collection=arguments.collection)
    if left_out := summary.left_out(reading):
        print(left_out, file=sys.stdout if dry_run else sys.stderr)
    if not settings.qdrant_url and (advice := summary.advice(len(reading.passages))):
        print(advice, file=sys.stdout if dry_run else sys.stderr)
    if dry_run:
        print(summary.counts(reading))
        print(summary.extremes(reading))
        return 1 if reading.problems else 0
    if not reading.passages:
        raise RagError("No passage could be read, so the index stays as it was.")
    folder, model = IndexFolder(settings.data_dir), settings.openai_embedding_model
    by_model = sayings.asked(_made_up(reading, folder, settings, anew=arguments.questions), by_model=True)
    said = [*sayings.common(), *sayings.asked(reading.questions), *by_model]
    done = ingest(reading.passages, folder, model, open_embedder, reading.withheld, sayings=said)
    if settings.qdrant_url:
        from rag.build import qdrant_server  # noqa: PLC0415 (see above)
        from rag.publishing import publish  # noqa: PLC0415 (see above)

        publish(qdrant_server(settings.qdrant_url, settings.qdrant_api_key), done.index)
    print(summary.counts(reading))
    change = f"{done.embedded} embedded" if done.changed else "unchanged"
    print(f"version {done.index.version}: {change}")
    return 1 if reading.problems else 0


def _made_up(reading: Reading, folder: IndexFolder, settings: Settings, *, anew: bool) -> made_up.Questions:
    """Questions by the chat model: what the index has for unchanged passages and, with `anew`, also for the rest."""
    passages = [passage for passage in reading.passages if passage.id not in reading.questions]
    try:
        kept = made_up.kept(folder.load(), passages)
    except (NoIndexError, BrokenIndexError, OSError):  # whether one can be written, ingest will tell
        kept = {}
    missing = [passage for passage in passages if passage.id not in kept]
    if not anew or not missing:
        return kept
    if settings.offline:
        raise RagError("The offline models make up no questions: set OPENAI_API_KEY, or leave --questions out.")
    from openai import OpenAI  # noqa: PLC0415 (see above)

    client = OpenAI(api_key=settings.openai_api_key, base_url=settings.openai_base_url, timeout=_CHAT_TIMEOUT)
    chat = made_up.ChatModel(client, settings.openai_model)
    found = made_up.ask(missing, chat)
    if chat.failure:
        print(
            f"The chat model {settings.openai_model} does not answer ({type(chat.failure).__name__}): passages without "
            "questions are searched by their text. Run the command again to ask for what is missing.",
            file=sys.stderr,
        )
    return {passage.id: texts for passage in passages if (texts := kept.get(passage.id) or found.get(passage.id))}
