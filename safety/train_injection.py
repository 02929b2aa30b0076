"""Makes `safety/tables/injection_weights.json`: a logistic model of what gives orders to the model.

    python -m safety.train_injection ORDERS.jsonl [...] --ordinary TALK.jsonl [...] [--folds 5]

Lines are `{"text", "expected": "injection" | "benign"}`; of a file after `--ordinary` every text (or `query`, or each
of `turns`) is ordinary talk, and of a `.md` file every paragraph
is, of a `.csv` file every cell. `--folds` prints what the model scores on texts
that it was not trained on, and writes nothing. The same files always make the same weights.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from safety import injection_rules
from safety.injection import WEIGHTS
from safety.injection_features import features, windows
from safety.normalise import words

_EPOCHS = 10
_RATE = 0.3
_DECAY = 1e-3
_ORDER_WEIGHT = 2.0  # an order overlooked counts as two false alarms
_LEAST_SEEN = 2
_SHIFT = -0.3  # of the bias: by cross-validation the point that keeps false alarms on look-alikes below 0.05
_LEAST_WEIGHT = 0.05  # smaller ones are left out of the file
_FEWEST_CHARACTERS = 40


@dataclass(frozen=True)
class _Case:
    windows: list[set[str]]
    order: bool
    ordinary: bool  # from a file of ordinary talk
    recognised: bool


@dataclass(frozen=True)
class _Model:
    weights: dict[str, float]
    bias: float

    def detects(self, case: _Case) -> bool:
        best = max((sum(self.weights.get(name, 0.0) for name in window) for window in case.windows), default=0.0)
        return self.bias + best + injection_rules.RULE_WEIGHT * case.recognised >= 0


def main() -> int:
    """Train on the files named, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m safety.train_injection", description=__doc__)
    parser.add_argument("labelled", nargs="+", type=Path)
    parser.add_argument("--ordinary", nargs="*", type=Path, default=[])
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    cases = [case for path in arguments.labelled for case in _labelled(path)]
    cases += [_case(text, order=False, ordinary=True) for path in arguments.ordinary for text in _talk(path)]
    if arguments.folds:
        _cross_validate(cases, arguments.folds)
        return 0
    model = _train(cases)
    kept = {name: round(weight, 2) for name, weight in sorted(model.weights.items()) if abs(weight) >= _LEAST_WEIGHT}
    with arguments.out.open("w", encoding="utf-8") as file:
        json.dump({"bias": round(model.bias, 3), "weights": kept}, file, ensure_ascii=False, indent=0)
        file.write("\n")
    print(f"{len(cases)} texts, {len(kept)} weights: {arguments.out}")
    return 0


def _labelled(path: Path) -> Iterator[_Case]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield _case(row["text"], order=row["expected"] == "injection", ordinary=False)


def _talk(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".md", ".csv"):
        parts = (
            text.split("\n\n") if path.suffix == ".md" else [cell for row in csv.reader(StringIO(text)) for cell in row]
        )
        yield from (part for part in parts if len(part) >= _FEWEST_CHARACTERS)
        return
    for row in map(json.loads, text.splitlines()):
        yield from row.get("turns") or [row.get("text") or row["query"]]


def _case(text: str, *, order: bool, ordinary: bool) -> _Case:
    seen = injection_rules.marks(text)
    names = [name for name, _ in seen]
    recognised = injection_rules.recognised(words(text), [weight for _, weight in seen])
    return _Case([features(window, names) for window in windows(text)], order, ordinary, recognised)


def _samples(cases: Sequence[_Case]) -> list[tuple[list[str], bool, float]]:
    """What is learned from: an order as a whole (whose windows may be harmless), each window of ordinary talk."""
    samples: list[tuple[set[str], bool, float]] = []
    for case in cases:
        if case.order:
            samples.append((set().union(*case.windows), True, _ORDER_WEIGHT))
        else:
            samples += [(window, False, len(case.windows) ** -0.5) for window in case.windows]
    seen = Counter(name for names, _, _ in samples for name in names)
    return [
        (sorted(name for name in names if seen[name] >= _LEAST_SEEN), order, weight) for names, order, weight in samples
    ]


def _train(cases: Sequence[_Case]) -> _Model:
    """Adagrad on the logistic loss with weight decay; the weights are the mean over the second half of the epochs."""
    samples = _samples(cases)
    weights: defaultdict[str, float] = defaultdict(float)
    squares: defaultdict[str, float] = defaultdict(lambda: 1.0)
    bias, bias_square = 0.0, 1e-6
    order = random.Random(0)  # noqa: S311 (a fixed order, not a secret)
    mean: defaultdict[str, float] = defaultdict(float)
    mean_bias = 0.0
    share = 1 / (_EPOCHS - _EPOCHS // 2)
    for epoch in range(_EPOCHS):
        order.shuffle(samples)
        for names, label, weight in samples:
            evidence = bias + sum(weights[name] for name in names)
            error = (1 / (1 + math.exp(-max(-30.0, min(30.0, evidence)))) - label) * weight
            bias_square += error * error
            bias -= _RATE * error / math.sqrt(bias_square)
            for name in names:
                slope = error + _DECAY * weights[name]
                squares[name] += slope * slope
                weights[name] -= _RATE * slope / math.sqrt(squares[name])
        if epoch >= _EPOCHS // 2:
            mean_bias += bias * share
            for name, weight in weights.items():
                mean[name] += weight * share
    return _Model(dict(mean), mean_bias + _SHIFT)


def _cross_validate(cases: Sequence[_Case], folds: int) -> None:
    shuffled = list(cases)
    random.Random(1).shuffle(shuffled)  # noqa: S311 (a fixed order, not a secret)
    found: dict[str, list[bool]] = {"orders": [], "look-alikes": [], "ordinary talk": []}
    for fold in range(folds):
        model = _train([case for index, case in enumerate(shuffled) if index % folds != fold])
        for case in shuffled[fold::folds]:
            kind = "orders" if case.order else "ordinary talk" if case.ordinary else "look-alikes"
            found[kind].append(model.detects(case))
    for kind, hits in found.items():
        print(f"{kind}: {sum(hits)} of {len(hits)} detected ({sum(hits) / len(hits):.3f})")


if __name__ == "__main__":
    sys.exit(main())
