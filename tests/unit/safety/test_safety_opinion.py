"""The second opinion: learned from labelled texts, always the same, and about wordings that no table has."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from safety import caution_text, opinion, screen_reply, train, triage
from safety.evidence import evidence

DATA = Path(__file__).parents[2] / "data"
TEXTS = {
    "emergency": [
        "a fist round my ribs and I am pouring sweat",
        "an iron band about my chest",
        "my ribs are in a fist",
    ],
    "crisis": ["nobody would notice if I stopped being here", "they would be better off without me"],
    "medical_caution": ["my knee swells after the stairs", "my ankle swells after a walk"],
    "none": ["a lovely walk along the river", "my walk along the beach was lovely", "thank you for the lovely walk"],
}


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cases = tmp_path / "cases.jsonl"
    rows = [{"text": text, "expected": label} for label, texts in TEXTS.items() for text in texts * 3]
    cases.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train", "triage", str(cases), "--folder", str(tmp_path)])
    assert train.main() == 0
    return tmp_path


def test_a_model_judges_new_wordings_by_their_words_and_concepts(trained: Path) -> None:
    judged = opinion.Opinion.read("triage", trained).of(evidence(" an iron fist round my chest . "))

    assert max(judged, key=lambda label: judged[label]) == "emergency"
    assert sum(judged.values()) == pytest.approx(1)


def test_the_same_texts_make_the_same_weights(trained: Path) -> None:
    first = (trained / "triage_weights.json").read_bytes()

    assert train.main() == 0

    assert (trained / "triage_weights.json").read_bytes() == first


def test_what_no_table_foresaw_is_found_and_said_to_be_a_second_opinion() -> None:
    found = [triage(row["text"]) for row in _rows("safety_heldout.jsonl") if row["expected"] in ("emergency", "crisis")]

    learned = [each for each in found if each.matched == ("second_opinion",)]
    assert len(learned) > 10
    assert all(each.grave or each.category == "medical_caution" for each in learned)


def test_an_emergency_that_sounds_like_a_crisis_to_the_tables_is_one_that_names_the_crisis_line_too() -> None:
    found = triage("my pacemaker's just kicked me three times like a mule")  # the tables hear of abuse
    assert (found.category, found.with_crisis) == ("emergency", True)


HELD_OUT = ["", *(f"_{number}" for number in range(2, 11))]


@pytest.mark.parametrize("name", ["ordinary", *(f"heldout{number}" for number in HELD_OUT)])
def test_what_measures_the_opinion_did_not_train_it(name: str) -> None:
    trained_on = {_alike(row["text"]) for kind in ("cases", "tuning") for row in _rows(f"safety_{kind}.jsonl")}
    assert len(trained_on) > 60_000
    assert not trained_on & {_alike(row["text"]) for row in _rows(f"safety_{name}.jsonl")}


# Nothing was trained on these files: the floors guard against a model that no longer generalises.
@pytest.mark.parametrize("number", HELD_OUT)
def test_grave_messages_of_others_are_seldom_overlooked(number: str) -> None:
    rows = [row for row in _rows(f"safety_heldout{number}.jsonl") if row["expected"] in ("emergency", "crisis")]
    assert len(rows) > 100
    assert sum(triage(row["text"]).category == "none" for row in rows) <= 0.01 * len(rows)


@pytest.mark.parametrize("number", ["_2", "_8", "_9", "_10"])
@pytest.mark.parametrize("category", ["emergency", "crisis", "medical_caution", "none"])
def test_each_class_is_told_from_the_others_in_messages_like_those_of_the_development_set(
    category: str, number: str
) -> None:
    rows = [row for row in _rows(f"safety_heldout{number}.jsonl") if row["expected"] == category]
    assert len(rows) >= 66
    right = sum(triage(row["text"]).category in {category, *row["also"]} for row in rows)
    assert right >= (0.9 if category == "none" else 0.95) * len(rows)


def test_ordinary_talk_is_seldom_taken_for_an_emergency() -> None:
    rows = _rows("safety_ordinary.jsonl")
    assert len(rows) > 600
    assert sum(triage(row["text"]).grave for row in rows) <= 0.04 * len(rows)


@pytest.mark.parametrize(
    "text", ["Goodbye then.", "Thanks, goodbye", "That's all for today, coach. Goodbye!", "Merci, au revoir", "OK, bye"]
)
def test_the_end_of_a_chat_is_no_farewell(text: str) -> None:
    assert triage(text).category == "none"


def test_a_goodbye_with_more_to_it_is_still_heard() -> None:
    assert triage("Goodbye then. You won't hear from me again, it's all arranged.").category == "crisis"


def test_a_hint_of_a_crisis_is_a_caution_that_names_the_line_and_no_alarm() -> None:
    found = [triage(row["text"]) for row in _rows("safety_ordinary.jsonl")]
    hints = [each for each in found if each.with_crisis and not each.grave]
    assert len(hints) > 10
    assert {(each.category, each.matched) for each in hints} == {("medical_caution", ("second_opinion",))}
    assert all("9-8-8" in caution_text(each) for each in hints)


def test_what_gets_in_the_way_of_moving_is_seldom_taken_for_an_emergency() -> None:
    said = [
        turn for number in ("", "_2", "_3") for row in _rows(f"state_heldout{number}.jsonl") for turn in row["turns"]
    ]
    assert len(said) > 500
    assert sum(triage(text).grave for text in said) <= 0.03 * len(said)


def test_most_unsafe_sentences_of_others_are_replaced_and_most_safe_ones_pass() -> None:
    judged: dict[str, list[bool]] = {"replace": [], "pass": []}
    for row in _rows("replies_heldout.jsonl"):
        judged[row["expected"]].append(screen_reply(row["text"]).verdict == row["expected"])
    assert sum(judged["replace"]) >= 0.65 * len(judged["replace"])
    assert sum(judged["pass"]) >= 0.8 * len(judged["pass"])


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def _alike(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
