"""Word search: BM25 as sparse vectors. Qdrant multiplies by the inverse document frequency (its IDF modifier)."""

from __future__ import annotations

import re
import threading
import zlib
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]  # it comes without types

_WORD = re.compile(r"\w+")
_SATURATION = 1.2  # k1 and b of BM25, at the values that Lucene and Elasticsearch ship
_LENGTH_WEIGHT = 0.75
# Of one query. Related words come after its own; beyond this many they cost time and find nothing more.
_MOST_WORDS = 24
_STOP_WORDS_TEXT = """
a about also am an and any anything are as at be because been but by can d did do does don for from get got had has have
how i if im in into is it its ive just let like ll m me my of on or our out re really so some something t than that the
their them then there these they thing this to too up ve very was we were what when where which who why will with would
you your
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
_STEMMER = snowballstemmer.stemmer("english")
_STEMMER_LOCK = threading.Lock()  # it keeps the word it is at in itself


def tokens(text: str) -> list[str]:
    """All words in lower case, possessive s dropped."""
    return _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("'s", ""))


def words(text: str) -> list[str]:
    """The stems of the words that carry meaning."""
    return [stem(word) for word in tokens(text) if word not in STOP_WORDS]


@lru_cache(20_000)
def stem(word: str) -> str:
    """The stem by the Snowball rules for English (Porter 2): "walking", "walks" and "walked" give "walk"."""
    with _STEMMER_LOCK:
        return str(_STEMMER.stemWord(word))


def document_weights(text: str, average_length: float) -> dict[int, float]:
    """BM25 term weights without the inverse document frequency. `average_length` is in words, over all passages."""
    found = words(text)
    norm = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(found) / average_length)
    return {
        _dimension(word): count * (_SATURATION + 1) / (count + norm) for word, count in sorted(Counter(found).items())
    }


def query_weights(text: str, related: Mapping[str, float] | None = None) -> dict[int, float]:
    """The query's own words, each counted once as 1, and `related` stems with their weights, the heaviest first.

    All together weigh 1: a long query scores no higher than a short one.
    """
    weights = dict.fromkeys(words(text), 1.0)
    for word, weight in sorted((related or {}).items(), key=lambda item: -item[1]):
        if len(weights) < _MOST_WORDS:
            weights.setdefault(word, weight)
    total = sum(weights.values())
    return dict(sorted((_dimension(word), weight / total) for word, weight in weights.items()))


def _dimension(word: str) -> int:
    # A fixed hash stands for a vocabulary: nothing to store, and a new word needs no rebuild. Two of a programme's few
    # thousand words share one of 2**32 numbers about once in a thousand programmes.
    return zlib.crc32(word.encode())
