"""Makes the weights of the coach's opinions (:mod:`coach.evidence`) from labelled dialogues.

    python -m coach.train tests/data/state_cases.jsonl tests/data/state_tuning.jsonl [--folds 5]

Lines are `{"turns": [...], "expected": {"barrier", "layer", "activities"}}`, as for `python -m coach eval --state`; a
field that is absent teaches nothing. `--folds` prints how messages are judged that were not trained on, and writes
nothing. The same files always make the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coach.activities import NOT, THEIRS, verdicts
from coach.barrier import NONE, by_rules, next_barrier
from coach.evidence import FOLDER, of_activity, of_barrier, of_message
from coach.layer import UNCLASSIFIED
from coach.mentions import Said
from safety.opinion import Opinion
from safety.regression import Sample, cross_validate, train, written

CLASSES = {
    "barrier": ["pain", "time", "weather", "confidence", "motivation", NONE],
    "layer": ["reflexive", "regulatory", "ongoing_reflective", "initiating_reflective", UNCLASSIFIED],
    "activity": [THEIRS, NOT],
}


def main() -> int:
    """Train on the files named, or cross-validate."""
    parser = argparse.ArgumentParser(prog="python -m coach.train", description=__doc__)
    parser.add_argument("dialogues", nargs="+", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    dialogues = [json.loads(line) for path in arguments.dialogues for line in path.read_text("utf-8").splitlines()]
    # What was known before the last message of a longer dialogue is judged by what the short ones teach.
    learned = _samples([each for each in dialogues if len(each["turns"]) == 1], None)["barrier"]
    model = train(learned, _equal(CLASSES["barrier"]))
    samples = _samples(dialogues, Opinion(CLASSES["barrier"], model.bias, model.weights))
    for name, classes in CLASSES.items():
        if arguments.folds:
            print(name)
            cross_validate(samples[name], _equal(classes), classes, arguments.folds)
            continue
        path = arguments.folder / f"{name}_weights.json"
        path.write_text(written(classes, train(samples[name], _equal(classes))), encoding="utf-8")
        print(f"{len(samples[name])} samples: {path}")
    return 0


def _equal(classes: Sequence[str]) -> list[float]:
    return [1.0] * len(classes)


def _samples(dialogues: Sequence[Mapping[str, Any]], judge: Opinion | None) -> dict[str, list[Sample]]:
    """By model; `judge` is the opinion on the barriers before the last message of a dialogue."""
    samples: dict[str, list[Sample]] = defaultdict(list)
    for number, dialogue in enumerate(dialogues):
        known = NONE
        for turn in dialogue["turns"][:-1]:
            earlier = Said(turn)
            known = next_barrier(known, earlier, earlier.mentions(), judge) if judge else NONE
        for name, shown, label in _shown(dialogue, known, number):
            samples[name].append(Sample(sorted(shown), CLASSES[name].index(label)))
    return samples


def _shown(dialogue: Mapping[str, Any], known: str, number: int) -> Iterator[tuple[str, set[str], str]]:
    """Of the last message of a dialogue: for which model, what it shows, and the class it is of."""
    expected = dialogue["expected"]
    said = Said(dialogue["turns"][-1])
    mentions = said.mentions()
    alone = len(dialogue["turns"]) == 1
    if "barrier" in expected:
        barrier = expected["barrier"]
        yield "barrier", of_barrier(said, mentions, known, by_rules(known, mentions)), barrier
        told = {mention.kind for mention in mentions} & {"barrier", "eased"}
        if alone and (barrier != NONE or not told):  # said after something else, it would mean the same
            other = CLASSES["barrier"][number % 5]
            after = other if barrier == NONE else barrier
            yield "barrier", of_barrier(said, mentions, other, by_rules(other, mentions)), after
    if alone and "layer" in expected:
        yield "layer", of_message(said, mentions), expected["layer"]
    if "activities" in expected:
        for each, verdict in verdicts(said, mentions):
            whose = THEIRS if each.label in expected["activities"] else NOT
            yield "activity", of_activity(said, mentions, each, verdict), whose


if __name__ == "__main__":
    sys.exit(main())
