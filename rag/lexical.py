"""Word search: BM25 as sparse vectors. Qdrant multiplies by the inverse document frequency (its IDF modifier)."""

from __future__ import annotations

import re
import zlib
from collections import Counter

_WORD = re.compile(r"\w+")
_SATURATION = 1.2  # k1 and b of BM25, at the values that Lucene and Elasticsearch ship
_LENGTH_WEIGHT = 0.75
_STOP_WORDS_TEXT = """
a about am an and any are as at be been but by can did do does for from had has have how i if in is it its me my of on
or our so some that the their them then there these they this to was we were what when where which who why will with
would you your
"""
_STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())


def words(text: str) -> list[str]:
    """The words that carry meaning, in lower case, plural s dropped."""
    found = _WORD.findall(text.lower().replace("'s", "").replace("\N{RIGHT SINGLE QUOTATION MARK}s", ""))
    return [_singular(word) for word in found if word not in _STOP_WORDS]


def document_weights(text: str, average_length: float) -> dict[int, float]:
    """BM25 term weights without the inverse document frequency. `average_length` is in words, over all passages."""
    found = words(text)
    norm = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(found) / average_length)
    return {
        _dimension(word): count * (_SATURATION + 1) / (count + norm) for word, count in sorted(Counter(found).items())
    }


def query_weights(text: str) -> dict[int, float]:
    """Each word of the query once, all together 1: a long query scores no higher than a short one."""
    dimensions = {_dimension(word) for word in words(text)}
    return dict.fromkeys(sorted(dimensions), 1.0 / len(dimensions)) if dimensions else {}


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word  # noqa: PLR2004 (bus, yes)


def _dimension(word: str) -> int:
    # A fixed hash stands for a vocabulary: nothing to store, and a new word needs no rebuild. Two of a programme's few
    # thousand words share one of 2**32 numbers about once in a thousand programmes.
    return zlib.crc32(word.encode())
