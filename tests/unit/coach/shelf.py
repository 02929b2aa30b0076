"""A retriever without an index, and a coach around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openai

from coach.coach import Coach
from coach.intents import Intent, Intents
from rag.embedding import Vectors
from rag.lessons import Lesson
from rag.passage import COLLECTIONS, Hit
from rag.plan import Plan
from rag.retriever import Retriever


class Shelf(Retriever):
    """The same hits, whatever is asked, or a failure; remembers the queries. All texts mean the same to it."""

    def __init__(self, *hits: Hit, lessons: tuple[Lesson, ...] = ()) -> None:
        self.hits = list(hits)
        self.of_lessons = lessons
        self.queries: list[str] = []
        self.plans: list[Plan] = []
        self.failure: Exception | None = None

    def plan(
        self,
        text: str,
        *,
        before: Sequence[str] = (),
        collections: tuple[str, ...] = COLLECTIONS,
        science: bool | None = None,
        limit: int = 5,
    ) -> Plan:
        query = " ".join([*before[-1:], text]) if text.startswith("And ") else text
        return Plan(query, collections, limit, science=bool(science))

    def search(self, query: str, plan: Plan, timeout: float | None = None) -> list[Hit]:
        self.queries.append(query)
        self.plans.append(plan)
        if self.failure:
            raise self.failure
        return self.hits

    def lessons(self) -> tuple[Lesson, ...]:
        return self.of_lessons

    def embed(self, texts: Sequence[str], timeout: float | None = None) -> Vectors:
        return alike(texts)


def alike(texts: Sequence[str], timeout: float | None = None) -> Vectors:
    """Vectors that are all the same, so that only words tell modes apart."""
    return np.ones((len(texts), 1), np.float32)


class OneMode(Intents):
    """Takes every message for the same."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def of(self, text: str, timeout: float | None = None) -> Intent:
        return Intent(self._mode, 1.0)


def coach_on(client: openai.OpenAI, shelf: Shelf, model: str = "test-model", mode: str = "coaching") -> Coach:
    """A coach that searches the shelf and takes every message for one of `mode`."""
    coach = Coach(client, model, shelf, "CA")
    coach._intents = OneMode(mode)
    return coach
