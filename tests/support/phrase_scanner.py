"""Finds planted phrases in any bytes: as they are, encoded, compressed, and under this project's encryption.

What is sealed is read without its associated data: AES-GCM is AES-CTR with a check at the end (NIST SP 800-38D), and
who only wants to read need not pass the check. So a value is also found where nobody thought of it, at any offset.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE = 12
KEY_ID = 4
DATA_KEY = 32
BLOCK = 16
CHUNK = 1 << 18
LONGEST_SEALED = 1 << 20
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
FIRST_LOOK = 1024
# How what is worth a look begins, byte by byte: with text (one offset in 2,500 does by chance) or as a recording.
_TEXT = [np.array([0x20 <= value < 0x7F for value in range(256)])] * 8
_RIFF = [np.arange(256) == byte for byte in b"RIFF"]


def encodings(phrase: str) -> dict[str, list[bytes]]:
    """The forms in which a phrase may lie in a file, by name; letters in lower case."""
    plain = phrase.encode()
    base = []
    for before in range(3):  # the letters depend on where in a group of three bytes the phrase begins
        text = base64.b64encode(b"\0" * before + plain)
        whole = text[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]  # only what no neighbour has a part in
        base += [whole, whole.translate(bytes.maketrans(b"+/", b"-_"))]
    return {
        "utf-8": [plain, phrase.upper().encode()],
        "utf-16": [phrase.encode("utf-16-le"), phrase.encode("utf-16-be")],
        "base64": base,
        "hex": [plain.hex().encode()],
        "json": [json.dumps(phrase)[1:-1].encode()],
        "url": [quote(phrase).lower().encode(), quote_plus(phrase).lower().encode()],
        "repr": [ascii(plain)[2:-1].encode()],
    }


class Scanner:
    """Looks for all phrases at once. `find` answers `phrase (how)` for each that is there."""

    def __init__(self, phrases: Iterable[str], master_keys: Iterable[bytes] = ()) -> None:
        self._forms = [
            (phrase, how, form.lower() if how != "base64" else form)
            for phrase in phrases
            for how, forms in encodings(phrase).items()
            for form in forms
        ]
        self._masters = {hashlib.sha256(key).digest()[:KEY_ID]: key for key in master_keys}
        self._data_keys: set[bytes] = set()

    def learn(self, data: bytes) -> None:
        """Unwrap every data key in here; what is scanned from now on is also read with it."""
        for key_id, master in self._masters.items():
            for match in re.finditer(re.escape(key_id), data):
                at = match.end()
                opened = _decrypt(master, data[at : at + NONCE + DATA_KEY].ljust(NONCE))
                if len(opened) == DATA_KEY and not opened.isascii():  # a URL or a signing secret is
                    self._data_keys.add(opened)

    def find(self, data: bytes) -> set[str]:
        """Which phrases are in these bytes, and how."""
        found = self._visible(data)
        for unpacked in _unpacked(data):
            found |= {f"{one} compressed" for one in self._visible(unpacked)}
        for key in (*self._masters.values(), *self._data_keys):
            for start in _readable(key, data):
                plain = _decrypt(key, data[start : start + NONCE + FIRST_LOOK])
                if plain.startswith(b"RIFF") or _is_text(plain):
                    plain = _decrypt(key, data[start : start + LONGEST_SEALED])
                found |= {f"{one} sealed" for one in self._visible(plain)}
        return found

    def _visible(self, data: bytes) -> set[str]:
        small = data.lower()
        return {
            f"{phrase} ({how})" for phrase, how, form in self._forms if form in (data if how == "base64" else small)
        }


def _unpacked(data: bytes) -> Iterator[bytes]:
    for match in _COMPRESSED.finditer(data):
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, whichever the head says
        try:
            yield stream.decompress(data[match.start() :], LONGEST_SEALED)
        except zlib.error:
            continue


def _decrypt(key: bytes, sealed: bytes) -> bytes:
    counter = sealed[:NONCE] + b"\0\0\0\2"  # GCM's first block of content
    cipher = Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor()
    return cipher.update(sealed[NONCE:])


def _readable(key: bytes, data: bytes) -> Iterator[int]:
    """The offsets at which a nonce may lie: what follows it decrypts to something readable."""
    raw = np.frombuffer(data, dtype=np.uint8)
    for first in range(0, len(raw), CHUNK):
        window = raw[first : first + CHUNK + NONCE + BLOCK]
        count = min(CHUNK, len(window) - NONCE - len(_TEXT) + 1)
        if count <= 0:
            return
        counters = np.zeros((count, BLOCK), dtype=np.uint8)
        counters[:, :NONCE] = np.lib.stride_tricks.sliding_window_view(window, NONCE)[:count]
        counters[:, -1] = 2
        blocks = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 (the keystream, block by block)
        stream = np.frombuffer(blocks.update(counters.tobytes()), dtype=np.uint8).reshape(count, BLOCK)
        for beginning in (_TEXT, _RIFF):
            at = np.arange(count)
            for column, allowed in enumerate(beginning):  # most offsets are out after a byte or two
                at = at[allowed[stream[at, column] ^ window[at + NONCE + column]]]
            yield from (first + at).tolist()


def _is_text(plain: bytes) -> bool:
    try:
        return plain.decode().isprintable()
    except UnicodeDecodeError as error:
        return error.start > len(plain) - 4  # in the middle of a character
