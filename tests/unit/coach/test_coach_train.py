"""The opinions on a person's state: learned from labelled dialogues, always the same, and about wordings of others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coach import evidence, train
from coach.evaluation.state import state
from coach.state import update
from coach.turn import State

DATA = Path(__file__).parents[2] / "data"
DIALOGUES: list[tuple[list[str], dict[str, Any]]] = [
    (["there is no gap in my week"], {"barrier": "time", "activities": []}),
    (["not a gap left in my days"], {"barrier": "time", "activities": []}),
    (["my feet are like lead"], {"barrier": "motivation", "activities": [], "layer": "unclassified"}),
    (["my legs are lead all day"], {"barrier": "motivation", "activities": [], "layer": "unclassified"}),
    (["a lovely week"], {"barrier": "none", "activities": []}),
    (["it was a lovely day"], {"barrier": "none", "activities": []}),
    (["golf is my brother's folly"], {"barrier": "none", "activities": []}),
    (["golf, what a folly"], {"barrier": "none", "activities": []}),
    (["I golf on Friday"], {"barrier": "none", "activities": ["golf"], "layer": "regulatory"}),
    (["Friday is golf"], {"barrier": "none", "activities": ["golf"], "layer": "regulatory"}),
]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    dialogues = tmp_path / "dialogues.jsonl"
    rows = [{"turns": turns, "expected": expected} for turns, expected in DIALOGUES * 3]
    dialogues.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train", str(dialogues), "--folder", str(tmp_path)])
    assert train.main() == 0
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    evidence.opinion.cache_clear()
    yield tmp_path
    evidence.opinion.cache_clear()


@pytest.mark.usefixtures("trained")
def test_what_the_rules_do_not_know_is_learned() -> None:
    assert update(State(), "no gap anywhere in these days").barrier == "time"
    assert update(State(), "legs like lead").barrier == "motivation"
    assert update(State(), "golf is such a folly").activities == ()
    assert update(State(), "golf on Friday").activities == ("golf",)


def test_the_same_dialogues_make_the_same_weights(trained: Path) -> None:
    first = {path.name: path.read_bytes() for path in trained.glob("*_weights.json")}
    assert set(first) == {"barrier_weights.json", "layer_weights.json", "activity_weights.json"}

    assert train.main() == 0

    assert {path.name: path.read_bytes() for path in trained.glob("*_weights.json")} == first


def test_folds_tell_how_unseen_messages_are_judged_and_write_nothing(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = trained / "empty"
    empty.mkdir()
    monkeypatch.setattr(sys, "argv", [*sys.argv[:2], "--folder", str(empty), "--folds", "3"])

    assert train.main() == 0

    assert "time: " in capsys.readouterr().out
    assert not list(empty.iterdir())


# Nothing was trained on these dialogues: the floors guard against opinions that no longer generalise.
@pytest.mark.parametrize("name", ["state_heldout.jsonl", "state_heldout_3.jsonl"])
def test_the_state_after_dialogues_of_others_is_mostly_right(name: str) -> None:
    rows = [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    by_field = state(rows)["by_field"]
    assert set(by_field) == {"barrier", "minutes_available", "activities", "layer"}
    assert min(by_field.values()) >= 0.9
