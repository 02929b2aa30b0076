from __future__ import annotations

import pytest

from rag import lexical


def test_words_are_lower_case_singular_and_without_filling() -> None:
    assert lexical.words("What are the Chairs' legs for? It's your class!") == ["chair", "leg", "class"]


def test_a_word_counts_more_in_a_short_text_and_less_with_each_repetition() -> None:
    [once] = lexical.document_weights("balance", 10).values()
    [twice] = lexical.document_weights("balance balance", 10).values()
    long = lexical.document_weights("balance " + "filler " * 30, 10)
    assert long[next(iter(lexical.query_weights("balance")))] < once < twice < 2 * once


def test_a_query_weighs_one_however_long_it_is() -> None:
    assert sum(lexical.query_weights("balance and strength at home").values()) == pytest.approx(1)
    assert lexical.query_weights("what is it?") == {}


def test_a_query_meets_a_text_in_the_words_they_share() -> None:
    document = lexical.document_weights("Chairs hold you up", 3)
    assert set(document) & set(lexical.query_weights("a sturdy chair")) == set(lexical.query_weights("chair"))
