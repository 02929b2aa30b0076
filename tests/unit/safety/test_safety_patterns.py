"""What the tables say can be read to the last pattern: each is compiled only when a passage calls for it."""

from __future__ import annotations

import re

import pytest

from safety.patterns import Table, keys
from safety.tables import read
from safety.words import WORDS


@pytest.mark.parametrize("name", ["emergency", "crisis", "caution", "idioms", "injection", "replies"])
def test_every_pattern_can_be_tried(name: str) -> None:
    text = read(name)
    words = {**WORDS, **text.words}
    every_word = re.sub(r"[^\w']+|_", " ", " ".join([*text.rules.values(), *words.values()]))

    list(Table(text.rules, words).hits(" . ", keys(every_word)))


def test_a_pattern_that_is_no_regular_expression_is_found_by_the_test_above() -> None:
    table = Table({"broken": "chest {half}"}, {"half": "~(pain"})

    assert list(table.hits(" no such word ")) == []
    with pytest.raises(re.error):
        list(table.hits(" my chest "))
