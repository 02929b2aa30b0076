"""Makes the weights of a second opinion (:mod:`safety.opinion`) from labelled texts.

    python -m safety.train triage tests/data/safety_cases.jsonl tests/data/safety_tuning.jsonl [--folds 5]
    python -m safety.train replies tests/data/replies_cases.jsonl tests/data/replies_tuning.jsonl [--folds 5]

Lines are `{"text", "expected": a class}`. `--folds` prints how texts are judged that were not trained on, and writes
nothing. The same files always make the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from safety.evidence import evidence
from safety.normalise import passages, words
from safety.opinion import FOLDER
from safety.regression import Sample, cross_validate, train, written

# The classes of a model, gravest first, and how much a text of each counts: an emergency overlooked is worse than a
# false alarm. (Bandit takes the class "pass" for a password.)
MODELS = {
    "triage": {"emergency": 2.0, "crisis": 2.5, "medical_caution": 1.0, "none": 1.0},
    "replies": {"replace": 1.0, "pass": 1.0},  # nosec B105
}
RUNS = {"triage": 3, "replies": 1}


def main() -> int:
    """Train on the files named, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m safety.train", description=__doc__)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("labelled", nargs="+", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    classes = list(MODELS[arguments.model])
    importance = list(MODELS[arguments.model].values())
    samples = [_sample(row["text"], classes.index(row["expected"])) for row in _rows(arguments.labelled)]
    if arguments.folds:
        cross_validate(samples, importance, classes, arguments.folds)
        return 0
    model = train(samples, importance, RUNS[arguments.model])
    path = arguments.folder / f"{arguments.model}_weights.json"
    path.write_text(written(classes, model), encoding="utf-8")
    print(f"{len(samples)} texts: {path}")
    return 0


def _rows(paths: Sequence[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _sample(text: str, label: int) -> Sample:
    return Sample(sorted({name for passage in passages(words(text)) for name in evidence(passage)}), label)


if __name__ == "__main__":
    sys.exit(main())
