"""Concepts that several tables share: people, parts of the body, feelings, medicines, illnesses, exercise."""

from __future__ import annotations

from safety.tables import read

_MEDICAL = read("medical").words
_SHARED = read("words").words

# A medicine by its name is a medicine.
WORDS = _SHARED | _MEDICAL | {"drug": f"{_SHARED['drug']}, {_MEDICAL['named_drug']}"}
