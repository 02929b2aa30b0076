"""Makes the weights of a second opinion (:mod:`safety.opinion`) from labelled texts.

    python -m safety.train triage tests/data/safety_cases.jsonl tests/data/safety_tuning.jsonl [--folds 5]
    python -m safety.train replies tests/data/replies_cases.jsonl tests/data/replies_tuning.jsonl [--folds 5]

Lines are `{"text", "expected": a class}`. `--folds` prints how texts are judged that were not trained on, and writes
nothing. The same files always make the same weights.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from safety.evidence import evidence
from safety.normalise import passages, words
from safety.opinion import FOLDER, shares

# The classes of a model, gravest first, and how much a text of each counts: an emergency overlooked is worse than a
# false alarm. (Bandit takes the class "pass" for a password.)
MODELS = {
    "triage": {"emergency": 1.5, "crisis": 1.5, "medical_caution": 1.0, "none": 1.0},
    "replies": {"replace": 1.0, "pass": 1.0},  # nosec B105
}
_EPOCHS = 12
_RATE = 0.15
_DECAY = 2e-2
_BIAS_RATE = 0.02
_LEAST_SEEN = 2
_LEAST_WEIGHT = 0.1  # features whose weights are all smaller are left out of the file


class _Sample(NamedTuple):
    names: list[str]
    label: int


class _Model(NamedTuple):
    weights: dict[str, list[float]]
    bias: list[float]


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
        _cross_validate(samples, importance, classes, arguments.folds)
        return 0
    model = _train(samples, importance)
    path = arguments.folder / f"{arguments.model}_weights.json"
    path.write_text(_written(classes, model), encoding="utf-8")
    print(f"{len(samples)} texts: {path}")
    return 0


def _rows(paths: Sequence[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _sample(text: str, label: int) -> _Sample:
    return _Sample(sorted({name for passage in passages(words(text)) for name in evidence(passage)}), label)


def _written(classes: Sequence[str], model: _Model) -> str:
    """JSON with a feature a line, so that a change can be read."""
    kept = sorted(name for name, weights in model.weights.items() if max(map(abs, weights)) >= _LEAST_WEIGHT)
    lines = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}: {_rounded(model.weights[name])}" for name in kept)
    return f'{{"classes": {json.dumps(classes)},\n"bias": {_rounded(model.bias)},\n"weights": {{\n{lines}\n}}}}\n'


def _rounded(weights: Sequence[float]) -> str:
    return json.dumps([round(weight, 2) for weight in weights])


def _train(samples: Sequence[_Sample], importance: Sequence[float]) -> _Model:
    """Adagrad on the softmax loss with weight decay; the weights are the mean over the second half of the epochs."""
    seen = Counter(name for sample in samples for name in sample.names)
    learned = [
        _Sample([name for name in sample.names if seen[name] >= _LEAST_SEEN], sample.label) for sample in samples
    ]
    classes = range(len(importance))
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(classes))
    squares: dict[str, list[float]] = defaultdict(lambda: [1.0] * len(classes))
    mean: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(classes))
    bias = [0.0] * len(classes)
    order = random.Random(0)  # noqa: S311 (a fixed order, not a secret)
    share = 1 / (_EPOCHS - _EPOCHS // 2)
    for epoch in range(_EPOCHS):
        order.shuffle(learned)
        for names, label in learned:
            found = shares(bias, weights, names)
            errors = [(found[index] - (index == label)) * importance[label] for index in classes]
            for index in classes:
                bias[index] -= _BIAS_RATE * errors[index]
            for name in names:
                own, square = weights[name], squares[name]
                for index in classes:
                    slope = errors[index] + _DECAY * own[index]
                    square[index] += slope * slope
                    own[index] -= _RATE * slope / math.sqrt(square[index])
        if epoch >= _EPOCHS // 2:
            for name, own in weights.items():
                mean[name] = [old + new * share for old, new in zip(mean[name], own, strict=True)]
    return _Model(dict(mean), bias)


def _cross_validate(
    samples: Sequence[_Sample], importance: Sequence[float], classes: Sequence[str], folds: int
) -> None:
    shuffled = list(samples)
    random.Random(1).shuffle(shuffled)  # noqa: S311 (a fixed order, not a secret)
    right: dict[str, list[bool]] = defaultdict(list)
    for fold in range(folds):
        model = _train([sample for index, sample in enumerate(shuffled) if index % folds != fold], importance)
        for names, label in shuffled[fold::folds]:
            found = shares(model.bias, model.weights, names)
            right[classes[label]].append(found.index(max(found)) == label)
    for name in classes:
        print(f"{name}: {sum(right[name])} of {len(right[name])} ({sum(right[name]) / max(1, len(right[name])):.3f})")


if __name__ == "__main__":
    sys.exit(main())
