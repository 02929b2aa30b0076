"""Logistic regression over named features, in plain Python: how the weights of :mod:`safety.opinion` are learned."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from safety.opinion import shares

_EPOCHS = 12
_RATE = 0.15
_DECAY = 2e-2
_BIAS_RATE = 0.02
_LEAST_SEEN = 2
_LEAST_WEIGHT = 0.1  # features whose weights are all smaller are left out of the file


class Sample(NamedTuple):
    """What one text shows, and the place of its class among the classes."""

    names: list[str]
    label: int


class Model(NamedTuple):
    """The weight of each feature for each class, and their biases."""

    weights: dict[str, list[float]]
    bias: list[float]


def written(classes: Sequence[str], model: Model) -> str:
    """JSON with a feature a line, so that a change can be read."""
    kept = sorted(name for name, weights in model.weights.items() if max(map(abs, weights)) >= _LEAST_WEIGHT)
    lines = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}: {_rounded(model.weights[name])}" for name in kept)
    return f'{{"classes": {json.dumps(classes)},\n"bias": {_rounded(model.bias)},\n"weights": {{\n{lines}\n}}}}\n'


def _rounded(weights: Sequence[float]) -> str:
    return json.dumps([round(weight, 2) for weight in weights])


def train(samples: Sequence[Sample], importance: Sequence[float], runs: int = 1) -> Model:
    """The mean of so many `runs`, each in an order of its own: what depends on the order alone is evened out."""
    models = [_run(samples, importance, seed) for seed in range(runs)]
    names = {name for model in models for name in model.weights}
    weights = {name: _mean([model.weights[name] for model in models]) for name in names}
    return Model(weights, _mean([model.bias for model in models]))


def _mean(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _run(samples: Sequence[Sample], importance: Sequence[float], seed: int) -> Model:
    """Adagrad on the softmax loss with weight decay; the weights are the mean over the second half of the epochs."""
    seen = Counter(name for sample in samples for name in sample.names)
    learned = [Sample([name for name in sample.names if seen[name] >= _LEAST_SEEN], sample.label) for sample in samples]
    classes = range(len(importance))
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(classes))
    squares: dict[str, list[float]] = defaultdict(lambda: [1.0] * len(classes))
    mean: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(classes))
    bias = [0.0] * len(classes)
    order = random.Random(seed)  # noqa: S311 (a fixed order, not a secret)
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
    return Model(dict(mean), bias)


def cross_validate(samples: Sequence[Sample], importance: Sequence[float], classes: Sequence[str], folds: int) -> None:
    """Print how many of each class are judged rightly by models that were not trained on them."""
    shuffled = list(samples)
    random.Random(1).shuffle(shuffled)  # noqa: S311 (a fixed order, not a secret)
    right: dict[str, list[bool]] = defaultdict(list)
    for fold in range(folds):
        model = train([sample for index, sample in enumerate(shuffled) if index % folds != fold], importance)
        for names, label in shuffled[fold::folds]:
            found = shares(model.bias, model.weights, names)
            right[classes[label]].append(found.index(max(found)) == label)
    for name in classes:
        print(f"{name}: {sum(right[name])} of {len(right[name])} ({sum(right[name]) / max(1, len(right[name])):.3f})")
