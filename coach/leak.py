"""Keeps the system text to ourselves: a reply may neither hold its canary nor repeat it at length."""

from __future__ import annotations

import re
import secrets
from collections import deque

import safety
from coach.modes import MODES
from coach.prompt import CAUTIONED, SYSTEM, WARY, style

ECHO_WORDS = 8  # so many words of the system text in a row are no coincidence
_CANARY_PIECE = 6  # characters of the canary, of 16: it may come in pieces
_WORD = re.compile(r"[^\W_]+")


def new_canary() -> str:
    """A word that nobody says by chance; it stands in the system text and must never come back."""
    return secrets.token_hex(8)


class LeakWatch:
    """Reads a reply sentence by sentence, also what lies across their borders. One for each reply."""

    def __init__(self, canary: str) -> None:
        pieces = {canary[at : at + _CANARY_PIECE] for at in range(len(canary) - _CANARY_PIECE + 1)}
        self._pieces = pieces | {piece[::-1] for piece in pieces}
        self._words: deque[str] = deque(maxlen=ECHO_WORDS)
        self._tail = ""

    def leaks(self, sentence: str) -> bool:
        """Whether the system text shows in `sentence`, in what it says in disguise, or where it meets those before."""
        plain = self._holds_canary(sentence)  # both are asked: each remembers what it has read
        echo = self._echoes(sentence)
        return plain or echo or any(self._apart(meant) for meant in safety.undisguised(sentence))

    def _apart(self, text: str) -> bool:
        return any(piece in _letters(text) for piece in self._pieces) or not _ECHOES.isdisjoint(_runs(_words(text)))

    def _holds_canary(self, sentence: str) -> bool:
        text = self._tail + _letters(sentence)
        self._tail = text[1 - _CANARY_PIECE :]  # too short to hold a piece by itself
        return any(piece in text for piece in self._pieces)

    def _echoes(self, sentence: str) -> bool:
        found = False
        for word in _words(sentence):
            self._words.append(word)
            found = found or tuple(self._words) in _ECHOES
        return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _letters(text: str) -> str:
    return "".join(_words(text))


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + ECHO_WORDS]) for at in range(len(words) - ECHO_WORDS + 1)}


_ECHOES = {run for text in (SYSTEM, CAUTIONED, WARY, *map(style, MODES)) for run in _runs(_words(text))}
