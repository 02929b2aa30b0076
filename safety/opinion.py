"""A second opinion on a text: a logistic model over what it shows, for wordings that no table foresaw.

It is as fixed as a table: the weights lie beside the tables, :mod:`safety.train` makes them, and the same text always
gets the same opinion.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "tables"


class Opinion:
    """A model: its classes, their biases and the weights of each feature for each class."""

    def __init__(self, classes: Sequence[str], bias: Sequence[float], weights: Mapping[str, Sequence[float]]) -> None:
        self._classes, self._bias, self._weights = classes, bias, weights

    @classmethod
    def read(cls, name: str, folder: Path = FOLDER) -> Opinion:
        """The model that lies as `<name>_weights.json` in a folder."""
        text = (folder / f"{name}_weights.json").read_text(encoding="utf-8")
        # Half a million weights of two decimals are a few hundred numbers: kept once each, they take 12 MB less.
        return cls(**json.loads(text, parse_float=cache(float)))

    def of(self, features: Iterable[str]) -> dict[str, float]:
        """How likely something that shows these `features` is of each class, all together 1."""
        return dict(zip(self._classes, shares(self._bias, self._weights, features), strict=True))


def shares(bias: Sequence[float], weights: Mapping[str, Sequence[float]], names: Iterable[str]) -> list[float]:
    """The softmax of the evidence for each class."""
    sums = list(bias)
    for name in names:
        for index, weight in enumerate(weights.get(name, ())):
            sums[index] += weight
    top = max(sums)
    grown = [math.exp(each - top) for each in sums]
    total = sum(grown)
    return [each / total for each in grown]
