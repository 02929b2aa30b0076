"""All evaluations at once, with the scripted conversations held by a coach in this process, on the sample programme."""

from __future__ import annotations

import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from openai import OpenAI

from coach.coach import Coach
from coach.evaluation import intents
from coach.evaluation.cases import read_cases
from coach.evaluation.dialogues import Answer, Say, hold, read_dialogues
from coach.evaluation.injection import injection
from coach.evaluation.report import Held
from coach.evaluation.safety import triage
from coach.evaluation.state import state
from coach.intents import Intents
from coach.turn import Message, Reply, State, Turn
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.index import IndexFolder
from rag.ingest import ingest
from rag.reading import read_folder
from rag.sayings import asked, common

_ROOT = Path(__file__).parents[2]
_SAMPLE_PROGRAMME = _ROOT / "knowledge"
CASES = _ROOT / "tests" / "data"
_SECONDS = 60.0  # for one turn


def figures(embedder: Embedder) -> dict[str, dict[str, Any]]:
    """Of each data set in `tests/data`, what its own command prints."""
    return {
        "safety": triage(read_cases(CASES / "safety_dev.jsonl")),
        "intents": intents(read_cases(CASES / "intents_dev.jsonl"), Intents(embedder.embed).of),
        "state": state(read_cases(CASES / "state_dev.jsonl")),
        "injection": injection(read_cases(CASES / "injection_dev.jsonl")),
    }


def conversations(client: OpenAI, model: str, embedder: Embedder) -> Held:
    """Hold every scripted conversation of `tests/data/dialogues.jsonl`; the index is made for it and thrown away."""
    reading = read_folder(_SAMPLE_PROGRAMME)
    with tempfile.TemporaryDirectory(prefix="coach-eval-") as folder:
        ingest(
            reading.passages,
            IndexFolder(Path(folder)),
            embedder.model,
            lambda: nullcontext(embedder),
            sayings=[*common(), *asked(reading.questions)],
        )
        retriever = open_retriever(embedder=embedder, data_dir=Path(folder), qdrant_url="", qdrant_api_key="")
        coach = Coach(client, model, retriever, "CA")
        dialogues = read_dialogues(CASES / "dialogues.jsonl")
        return [(dialogue, hold(dialogue, _conversation(coach))) for dialogue in dialogues]


def _conversation(coach: Coach) -> Say:
    """A new conversation: what is said and answered is remembered as the ledger does."""
    history: list[Message] = []
    known = State()

    def say(text: str) -> Answer:
        nonlocal known
        until = time.monotonic() + _SECONDS
        turn = Turn(text, tuple(history), known)
        *_, reply = coach.respond(turn, timeout=lambda: until - time.monotonic())
        assert isinstance(reply, Reply)  # noqa: S101 (for the type checker; `respond` ends with it)
        known = reply.state
        history.extend([Message("user", text), Message("assistant", reply.text, reply.citations)])
        return {
            "status": "completed",
            "outcome": reply.outcome,
            "output": {"text": reply.text, "citations": [asdict(citation) for citation in reply.citations]},
            "coach": {"mode": reply.mode, "state": reply.state.to_dict()},
            "guardrails": [asdict(guardrail) for guardrail in reply.guardrails],
            "usage": {"model": reply.model},
        }

    return say
