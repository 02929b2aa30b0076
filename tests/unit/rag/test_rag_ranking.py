from __future__ import annotations

from rag import ranking
from rag.sayings import Saying


def test_words_and_meaning_together_decide() -> None:
    by_meaning = {"near": 0.5, "both": 0.45, "far": 0.2}
    assert ranking.fused(by_meaning, {"both": 0.5}, {}) == ["both", "near", "far"]
    assert ranking.fused(by_meaning, {}, {}) == ["near", "both", "far"]


def test_a_question_near_to_the_query_lifts_its_passage_and_a_far_one_harms_none() -> None:
    by_meaning = {"a": 0.5, "b": 0.4}
    assert ranking.fused(by_meaning, {}, {"b": 0.8}) == ["b", "a"]
    assert ranking.fused(by_meaning, {}, {"b": 0.1}) == ["a", "b"]
    assert ranking.fused(by_meaning, {}, {"a": -0.9}) == ["a", "b"]


def test_what_only_the_words_found_counts_as_near_as_the_last_by_meaning() -> None:
    assert ranking.fused({"a": 0.5, "b": 0.4}, {"c": 0.2}, {}) == ["a", "c", "b"]
    assert ranking.fused({}, {"c": 0.2, "d": 0.3}, {}) == ["d", "c"]


def test_a_question_about_a_passage_that_the_filter_leaves_out_brings_nothing_in() -> None:
    assert ranking.fused({"a": 0.5}, {}, {"elsewhere": 0.9}) == ["a"]


def test_the_nearest_topics_give_words_and_the_nearer_ones_weigh_more() -> None:
    near = [
        (Saying("s", words="loneliness"), 0.7),
        (Saying("a question", passage="p"), 0.65),
        (Saying("t", words="loneliness"), 0.6),
        (Saying("u", words="habit"), 0.5),
        (Saying("v", words="yoga"), 0.1),
    ]
    found = ranking.related_words("zirconium", near)
    assert set(found) == {"loneli", "habit"}
    assert found["loneli"] > found["habit"] > 0


def test_only_three_topics_count() -> None:
    near = [(Saying(word, words=word), 0.5) for word in ("one", "two", "three", "four")]
    assert set(ranking.related_words("zirconium", near)) == {"one", "two", "three"}
