"""Ask the coach one question from a terminal, or measure its judgement on labelled cases."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from openai import OpenAI, OpenAIError

from coach import evaluation
from coach.coach import Coach
from coach.evaluation import command
from coach.model import CoachError
from coach.turn import Reply, Turn
from config import Settings, load_or_exit
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.errors import RagError

_OPENAI_URL = "https://api.openai.com/v1"  # named because the client takes an empty OPENAI_BASE_URL for a URL
_SECONDS = 120.0


def main() -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m coach", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ask", help="answer one message, without history").add_argument("text")
    command.add_arguments(commands.add_parser("eval", help="measure judgements and conversations"))
    arguments = parser.parse_args()
    if arguments.command == "eval":
        try:
            return command.run(arguments, load_or_exit, _models)
        except (evaluation.CasesError, OpenAIError, RagError) as error:
            print(error, file=sys.stderr)
            return 1
    try:
        reply = _ask(arguments.text, load_or_exit())
    except CoachError as error:
        cause = error.__cause__  # retrieval's own errors speak to the operator
        print(cause if isinstance(cause, RagError) else f"{error.message} ({error.code})", file=sys.stderr)
        return 1
    print(reply.text)
    for citation in reply.citations:
        print(f'\n[{citation.id}] {citation.title} ({citation.collection}, {citation.score:.2f})\n  "{citation.quote}"')
    return 0


def _ask(text: str, settings: Settings) -> Reply:
    with _models(settings) as client:
        retriever = open_retriever(
            embedder=Embedder(client, settings.openai_embedding_model),
            data_dir=settings.data_dir,
            qdrant_url=settings.qdrant_url,
            qdrant_api_key=settings.qdrant_api_key,
        )
        coach = Coach(client, settings.openai_model, retriever, settings.safety_locale)
        until = time.monotonic() + _SECONDS
        *_, reply = coach.respond(Turn(text), timeout=lambda: until - time.monotonic())
    assert isinstance(reply, Reply)  # noqa: S101 (for the type checker; `respond` ends with it)
    return reply


@contextmanager
def _models(settings: Settings) -> Iterator[OpenAI]:
    """A client of the model API; where that is the offline server and none runs, of one that runs inside the block."""
    with ExitStack() as stack:
        base_url = settings.openai_base_url or _OPENAI_URL
        if settings.offline:
            from offline.process import running  # noqa: PLC0415 (not installed where a hosted model answers)

            base_url = stack.enter_context(running(settings))
        yield stack.enter_context(OpenAI(api_key=settings.openai_api_key, base_url=base_url))


if __name__ == "__main__":
    sys.exit(main())
