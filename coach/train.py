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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coach.activities import NOT, THEIRS, verdicts
from coach.barrier import NONE, by_rules
from coach.evidence import FOLDER, of_activity, of_barrier, of_message
from coach.layer import UNCLASSIFIED
from coach.mentions import Said
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
    samples: dict[str, list[Sample]] = defaultdict(list)
    for path in arguments.dialogues:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            for model, shown, label in _shown(json.loads(line), number):
                samples[model].append(Sample(sorted(shown), CLASSES[model].index(label)))
    for model, classes in CLASSES.items():
        importance = [1.0] * len(classes)
        if arguments.folds:
            print(model)
            cross_validate(samples[model], importance, classes, arguments.folds)
            continue
        path = arguments.folder / f"{model}_weights.json"
        path.write_text(written(classes, train(samples[model], importance)), encoding="utf-8")
        print(f"{len(samples[model])} samples: {path}")
    return 0


def _shown(dialogue: Mapping[str, Any], number: int) -> Iterator[tuple[str, set[str], str]]:
    """Of the last message of a dialogue: for which model, what it shows, and the class it is of."""
    expected = dialogue["expected"]
    known = NONE
    for turn in dialogue["turns"][:-1]:
        known = by_rules(known, Said(turn).mentions())
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
