from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from rag import evaluation
from rag.errors import RagError
from rag.evaluation import Judged, Question

LINE = {"id": "q-1", "query": "on one leg", "family": "balance", "collection": "lessons", "gold": ["a", "b"]}


def figures(gold: list[str], found: list[str]) -> tuple[float, ...]:
    return evaluation.judge(Question("q", "x", "f", "lessons", tuple(gold)), found).figures


def test_figures_agree_with_a_reckoning_by_hand() -> None:
    precision, mrr, recall, ndcg = figures(["a", "b", "c"], ["x", "a", "y", "b", "z", "c"])
    assert precision == pytest.approx(1 / 3)
    assert mrr == pytest.approx(1 / 2)
    assert recall == pytest.approx(2 / 3)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_the_best_and_the_worst_order() -> None:
    assert figures(["a"], ["a"]) == pytest.approx((1 / 3, 1, 1, 1))
    assert figures(list("abcdefg"), list("abcde")) == pytest.approx((1, 1, 5 / 7, 1))
    assert figures(["a"], ["b", "c", "d", "e", "f", "a"]) == (0, 0, 0, 0)
    assert figures(["a"], []) == (0, 0, 0, 0)


def test_the_summary_has_the_means_of_all_and_of_each_family() -> None:
    judged = [Judged("b", (1, 1, 1, 1)), Judged("a", (0, 0, 0, 0)), Judged("b", (0, 0.5, 0.5, 0.25))]
    summary = evaluation.summary(judged)
    assert summary == {
        "n": 3,
        "p_at_3": 0.3333,
        "mrr_at_5": 0.5,
        "recall_at_5": 0.5,
        "ndcg_at_5": 0.4167,
        "by_family": {
            "a": {"n": 1, "p_at_3": 0, "mrr_at_5": 0, "recall_at_5": 0, "ndcg_at_5": 0},
            "b": {"n": 2, "p_at_3": 0.5, "mrr_at_5": 0.75, "recall_at_5": 0.75, "ndcg_at_5": 0.625},
        },
    }


def test_the_table_shows_means_with_intervals_that_hold_them() -> None:
    judged = [Judged("b", (float(number % 2),) * 4) for number in range(40)] + [Judged("a", (1.0,) * 4)]
    header, *rows = evaluation.table(judged).splitlines()
    assert [row.split()[:2] for row in rows] == [["a", "1"], ["b", "40"], ["all", "41"]]
    assert header.split()[2:] == ["P@3", "MRR@5", "recall@5", "nDCG@5"]
    assert rows[0].split()[2:4] == ["1.00", "[1.00-1.00]"]
    mean, interval = rows[1].split()[2:4]
    low, high = map(float, interval.strip("[]").split("-"))
    assert 0.3 < low < float(mean) == 0.5 < high < 0.7


def test_home_means_resources(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(LINE) + "\n\n" + json.dumps(LINE | {"collection": "home"}) + "\n")
    first, second = evaluation.read_questions(file)
    assert first == Question("q-1", "on one leg", "balance", "lessons", ("a", "b"))
    assert second.collection == "resources"


@pytest.mark.parametrize(
    "broken",
    [
        "not json",
        "[]",
        json.dumps({key: value for key, value in LINE.items() if key != "gold"}),
        json.dumps(LINE | {"gold": []}),
        json.dumps(LINE | {"gold": "ab"}),
        json.dumps(LINE | {"gold": [1]}),
        json.dumps(LINE | {"collection": "poems"}),
        json.dumps(LINE | {"collection": ["lessons"]}),
        json.dumps(LINE | {"query": None}),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps(LINE) + "\n" + broken + "\n")
    with pytest.raises(RagError, match=r"questions\.jsonl:2: Each line must be"):
        evaluation.read_questions(file)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe"])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)
    with pytest.raises(RagError, match=r"one JSON object a line|holds no question"):
        evaluation.read_questions(file)
