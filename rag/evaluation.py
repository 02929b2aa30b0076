"""How well the retriever finds what a person judged to be right: figures over a file of questions."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import RagError
from rag.passage import COLLECTIONS

DEPTH = 5  # passages looked at; precision looks at the first three
_PRECISION_DEPTH = 3
METRICS = {"p_at_3": "P@3", "mrr_at_5": "MRR@5", "recall_at_5": "recall@5", "ndcg_at_5": "nDCG@5"}
_OTHER_NAMES = {"home": "resources"}
_RESAMPLES = 2000
_SEED = 5  # the same file and index give the same intervals


@dataclass(frozen=True)
class Question:
    """A query, the collection to search, the ids of all passages that answer it, and the family it is counted in."""

    id: str
    query: str
    family: str
    collection: str
    gold: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A question's figures, in the order of `METRICS`."""

    family: str
    figures: tuple[float, ...]


def read_questions(path: Path) -> list[Question]:
    """Read lines `{"id", "query", "family", "collection", "gold": [ids]}`; `home` stands for `resources`.

    Raises:
        RagError: naming the first line that cannot be used.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise RagError(f"{path} is not UTF-8 text: name a file with one JSON object a line.") from None
    questions = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                questions.append(_question(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise RagError(f"{path}:{number}: {_EXPECTED}") from error
    if not questions:
        raise RagError(f"{path} holds no question. {_EXPECTED}")
    return questions


_EXPECTED = (
    'Each line must be {"id", "query", "family", "collection", "gold"}: texts, but for gold, a list of ids; '
    f"collection one of {', '.join(COLLECTIONS)}."
)


def _question(values: dict[str, Any]) -> Question:
    name, query, family, collection = (values[key] for key in ("id", "query", "family", "collection"))
    collection, gold = _OTHER_NAMES.get(collection, collection), values["gold"]
    if not all(isinstance(text, str) for text in (name, query, family, *gold)) or not isinstance(gold, list):
        raise TypeError
    if collection not in COLLECTIONS or not gold:
        raise ValueError
    return Question(name, query, family, collection, tuple(gold))


def judge(question: Question, found: Sequence[str]) -> Judged:
    """Score the ids found, best first. Binary relevance; the ideal order has as many gold ids in front as fit."""
    gold = set(question.gold)
    hits = [passage_id in gold for passage_id in found[:DEPTH]]
    first = next((rank for rank, hit in enumerate(hits, start=1) if hit), math.inf)
    ideal = _gain([True] * min(len(gold), DEPTH))
    precision = sum(hits[:_PRECISION_DEPTH]) / _PRECISION_DEPTH
    return Judged(question.family, (precision, 1 / first, sum(hits) / len(gold), _gain(hits) / ideal))


def _gain(hits: Iterable[bool]) -> float:
    return sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits, start=1))


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """`{"n", <the metrics>, "by_family": {family: the same keys}}`."""
    families = {family: _means(rows) for family, rows in _by_family(judged).items()}
    return {**_means(judged), "by_family": families}


def table(judged: Sequence[Judged]) -> str:
    """The means for people to read, with bootstrap intervals of 95 %: a row for each family, and one for all."""
    width = max(len(family) for family in ["family", *_by_family(judged)])
    lines = [f"{'family':<{width}}    n  " + "".join(f"{name:<17}" for name in METRICS.values()).rstrip()]
    for family, rows in [*_by_family(judged).items(), ("all", judged)]:
        figures = np.array([row.figures for row in rows])
        samples = np.random.default_rng(_SEED).integers(len(rows), size=(_RESAMPLES, len(rows)))
        low, high = np.percentile(figures[samples].mean(axis=1), (2.5, 97.5), axis=0)
        cells = zip(figures.mean(axis=0), low, high, strict=True)
        shown = "".join(f"{f'{mean:.2f} [{least:.2f}-{most:.2f}]':<17}" for mean, least, most in cells)
        lines.append(f"{family:<{width}}  {len(rows):3}  {shown}".rstrip())
    return "\n".join(lines)


def _means(judged: Sequence[Judged]) -> dict[str, float]:
    means = np.mean([row.figures for row in judged], axis=0)
    return {"n": len(judged)} | {name: round(float(mean), 4) for name, mean in zip(METRICS, means, strict=True)}


def _by_family(judged: Sequence[Judged]) -> Mapping[str, list[Judged]]:
    families: dict[str, list[Judged]] = {}
    for row in judged:
        families.setdefault(row.family, []).append(row)
    return dict(sorted(families.items()))
