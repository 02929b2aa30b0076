"""The scanner that the privacy tests trust: it finds a phrase however it was wrapped."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from urllib.parse import quote, quote_plus

import pytest

from store.crypto import Vault
from tests.support.phrase_scanner import Scanner

MASTER = bytes(range(32))
PHRASE = "blåklint paraply Nio"
SESSION = "sess_" + "a" * 32


def _noise(size: int) -> bytes:
    return os.urandom(size)


@pytest.mark.parametrize(
    ("how", "wrapped"),
    [
        ("utf-8", PHRASE.encode()),
        ("utf-8", PHRASE.upper().encode()),
        ("utf-16", PHRASE.encode("utf-16-le")),
        ("utf-16", PHRASE.encode("utf-16-be")),
        ("base64", base64.b64encode(PHRASE.encode())),
        ("base64", base64.b64encode(b"x" + PHRASE.encode() + b"yz")),
        ("base64", base64.urlsafe_b64encode(b"xy" + PHRASE.encode() + b"z")),
        ("hex", PHRASE.encode().hex().encode()),
        ("hex", PHRASE.encode().hex().upper().encode()),
        ("json", json.dumps({"text": PHRASE}).encode()),
        ("url", quote(PHRASE).encode()),
        ("url", quote_plus(PHRASE).lower().encode()),
        ("repr", repr({"body": PHRASE.encode()}).encode()),
        ("utf-8) compressed", gzip.compress(_noise(50) + PHRASE.encode())),
        ("utf-8) compressed", zlib.compress(PHRASE.encode() + _noise(50))),
    ],
)
def test_a_phrase_is_found_in_whatever_it_is_wrapped(how: str, wrapped: bytes) -> None:
    found = Scanner([PHRASE, "something else"]).find(_noise(1000) + wrapped + _noise(1000))
    assert [one for one in found if how in one] and all(PHRASE in one for one in found), found


@pytest.mark.parametrize("place", ["history", "a place that nobody thought of"])
@pytest.mark.parametrize("before", [0, 1, 262_140])
def test_a_phrase_under_a_session_key_is_found_wherever_that_key_lies(place: str, before: int) -> None:
    vault = Vault((MASTER,))
    wrapped = vault.new_wrapped_key(SESSION)
    sealed = vault.cipher(SESSION, wrapped).seal_json(place, {"text": PHRASE})
    data = _noise(before) + b"job_1|" + sealed + _noise(1000) + wrapped + _noise(10)
    scanner = Scanner([PHRASE], [MASTER])
    assert scanner.find(data) == set(), "without the session's key it cannot be read"
    scanner.learn(data)
    assert scanner.find(data) == {f"{PHRASE} (utf-8) sealed"}


def test_a_phrase_in_a_sealed_recording_is_found() -> None:
    vault = Vault((MASTER,))
    wrapped = vault.new_wrapped_key(SESSION)
    recording = b"RIFF" + _noise(500_000) + PHRASE.encode()
    scanner = Scanner([PHRASE], [MASTER])
    scanner.learn(wrapped)
    assert scanner.find(vault.cipher(SESSION, wrapped).seal("job_1|audio", recording)) == {f"{PHRASE} (utf-8) sealed"}


def test_a_phrase_under_the_master_key_is_found() -> None:
    sealed = Vault((MASTER,)).seal("whep_1|url", f"https://receiver.example/{PHRASE}".encode())
    assert Scanner([PHRASE], [MASTER]).find(_noise(99) + sealed) == {f"{PHRASE} (utf-8) sealed"}
    assert Scanner([PHRASE], [bytes(32)]).find(sealed) == set(), "another key opens nothing"


def test_what_is_not_there_is_not_found() -> None:
    scanner = Scanner([PHRASE], [MASTER])
    data = _noise(300_000) + Vault((MASTER,)).seal("x", PHRASE[:-1].encode())
    scanner.learn(data)
    assert scanner.find(data) == set()
