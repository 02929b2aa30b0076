"""`python -m coach eval`: figures of labelled cases, or with no file named everything and a report."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from openai import OpenAI

from coach import evaluation
from coach.evaluation import report, whole
from coach.evaluation.judge import judge
from coach.intents import Intents
from config import Settings
from rag.embedding import Embedder

# Opens a client of the model API for a block.
Models = Callable[[Settings], AbstractContextManager[OpenAI]]

_TEXT_ONLY = {"confused"}  # of the figures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    for name in evaluation.NAMES:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--report", type=Path, help="without files: where the page goes (DATA_DIR/coach-report.md)")
    parser.add_argument("--judge", action="store_true", help="without files: also ask OPENAI_MODEL for its opinion")


def run(arguments: argparse.Namespace, load: Callable[[], Settings], models: Models) -> int:
    """Measure and print; returns the exit code: 1 when a scripted conversation did not go as it must.

    `load` reads the settings, and is called only if a model is needed.

    Raises:
        CasesError: a file cannot be used.
        openai.OpenAIError: the model API does not answer.
        RagError: the sample programme cannot be indexed.
    """
    files = {name: path for name in evaluation.NAMES if (path := getattr(arguments, name))}
    if files:
        _show(_of_files(files, load, models), as_json=arguments.json)
        return 0
    settings = load()
    with models(settings) as client:
        embedder = Embedder(client, settings.openai_embedding_model)
        figures = whole.figures(embedder)
        held = whole.conversations(client, settings.openai_model, embedder)
        if arguments.judge:
            figures["judge"] = judge(client, settings.openai_model, held)
    path = arguments.report or settings.data_dir / "coach-report.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.page(figures, held, _about(settings)), encoding="utf-8")
    failed = [dialogue.id for dialogue, exchanges in held if any(exchange.failures for exchange in exchanges)]
    figures["dialogues"] = {"n": len(held), "kept": len(held) - len(failed), "failed": failed}
    _show(figures, as_json=arguments.json)
    if not arguments.json:
        print(f"report: {path}")
    return 1 if failed else 0


def _of_files(files: Mapping[str, Path], load: Callable[[], Settings], models: Models) -> dict[str, dict[str, Any]]:
    cases = {name: evaluation.read_cases(path) for name, path in files.items()}
    figures = {name: evaluation.SETS[name](rows) for name, rows in cases.items() if name in evaluation.SETS}
    if "intents" in cases:
        settings = load()
        with models(settings) as client:
            embedder = Embedder(client, settings.openai_embedding_model)
            figures["intents"] = evaluation.intents(cases["intents"], Intents(embedder.embed).of)
    return figures


def _show(figures: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        shown = {name: {key: found[key] for key in found if key not in _TEXT_ONLY} for name, found in figures.items()}
        print(json.dumps(shown))
        return
    for name, found in figures.items():
        print(name)
        for figure, value in found.items():
            print(f"  {figure}: {value}")


def _about(settings: Settings) -> str:
    models: Sequence[str] = (settings.openai_model, settings.openai_embedding_model)
    return (
        f"`python -m coach eval` on {time.strftime('%Y-%m-%d')}, models {' and '.join(models)}, {platform.machine()}."
    )
