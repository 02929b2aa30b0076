"""In which order candidates are returned. Every number here was chosen by measurement: docs/retrieval.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rag import synonyms
from rag.lexical import words
from rag.sayings import Saying

_WORDS_SHARE = 0.3  # of the mean BM25 weight of the query's words, beside the cosine
_QUESTIONS_SHARE = 0.3  # of the cosine to the nearest question that the passage answers
_TOPICS = 3
_NEAR = 0.2  # cosine; what is no nearer has nothing to do with the query


def related_words(query: str, near: Iterable[tuple[Saying, float]]) -> dict[str, float]:
    """Stems to search for beside the query's own: its synonyms, and the words of the topics that people speak of so.

    `near` are sayings with their cosine to the query, nearest first.
    """
    topics: dict[str, float] = {}
    for saying, cosine in near:
        if saying.words and cosine > _NEAR and len(topics) < _TOPICS:
            topics.setdefault(saying.words, cosine - _NEAR)
    found: dict[str, float] = {}
    for topic, weight in topics.items():
        for word in words(topic):
            found[word] = max(weight, found.get(word, 0.0))
    return found | synonyms.related(query)


def fused(
    by_meaning: Mapping[str, float], by_words: Mapping[str, float], by_questions: Mapping[str, float]
) -> list[str]:
    """The candidates' ids, best first, by meaning, words and the questions that they answer.

    A candidate that the search by meaning left out counts as near as the last one it found.
    """
    furthest = min(by_meaning.values(), default=0.0)

    def score(candidate: str) -> float:
        meaning = by_meaning.get(candidate, furthest) + _QUESTIONS_SHARE * max(0.0, by_questions.get(candidate, 0.0))
        return meaning + _WORDS_SHARE * by_words.get(candidate, 0.0)

    return sorted({**by_meaning, **by_words}, key=score, reverse=True)
