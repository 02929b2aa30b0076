"""Concepts that several tables share: people, parts of the body, feelings in the body, medicines, exercise."""

from __future__ import annotations

from safety.tables import read

WORDS = read("words").words
