from __future__ import annotations

import pytest

from rag.recent import Recent


def test_the_same_key_is_looked_for_once_and_the_oldest_is_dropped() -> None:
    recent, looked = Recent[str](2), list[str]()

    def get(key: str) -> str:
        def find() -> str:
            looked.append(key)
            return key.upper()

        return recent.get(key, find)

    assert [get(key) for key in ("a", "b", "a", "c", "a", "b")] == ["A", "B", "A", "C", "A", "B"]
    assert looked == ["a", "b", "c", "b"]  # "b" had to go for "c"


def test_an_error_is_not_kept() -> None:
    recent = Recent[int](2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 1) == 1


def test_what_was_asked_is_not_kept_in_words() -> None:
    recent = Recent[int](2)
    recent.get("my secret", lambda: 1)
    assert "secret" not in repr(vars(recent))
