from __future__ import annotations

import pytest

from rag import lexical


def test_words_are_stems_in_lower_case_and_without_filling() -> None:
    assert lexical.words("What are the Chairs' legs for? It's your class!") == ["chair", "leg", "class"]
    assert lexical.words("walks walking walked") == ["walk"] * 3


def test_a_word_counts_more_in_a_short_text_and_less_with_each_repetition() -> None:
    [once] = lexical.document_weights("balance", 10).values()
    [twice] = lexical.document_weights("balance balance", 10).values()
    long = lexical.document_weights("balance " + "filler " * 30, 10)
    assert long[next(iter(lexical.query_weights("balance")))] < once < twice < 2 * once


def test_a_query_weighs_one_however_long_it_is() -> None:
    assert sum(lexical.query_weights("balance and strength at home").values()) == pytest.approx(1)
    assert sum(lexical.query_weights("balance", {"fall": 1.0, "steadi": 0.5}).values()) == pytest.approx(1)
    assert lexical.query_weights("what is it?") == {}


def test_a_query_meets_a_text_in_the_words_they_share() -> None:
    document = lexical.document_weights("Chairs hold you up", 3)
    assert set(document) & set(lexical.query_weights("a sturdy chair")) == set(lexical.query_weights("chair"))


def test_related_words_weigh_what_they_are_given_and_never_replace_the_querys_own() -> None:
    weights = lexical.query_weights("balance", {"balanc": 0.1, "fall": 0.5})
    [own], [related] = (lexical.query_weights(word) for word in ("balance", "fall"))
    assert weights[related] / weights[own] == pytest.approx(0.5)


def test_of_too_many_related_words_the_heaviest_are_searched_for() -> None:
    many = {f"word{number}": number / 100 for number in range(100)}
    weights = lexical.query_weights("balance", many)
    assert set(weights) >= set(lexical.query_weights("word99 balance"))
    assert not set(weights) & set(lexical.query_weights("word0"))
