"""What a text may say in disguise: base64, hexadecimal, rot13, backwards, digits for letters, cut into quoted pieces.

Plain text that is wrongly "decoded" becomes gibberish, which gives nobody orders: decoding can only add evidence.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

from safety.tables import read

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16,2000}={0,2}(?![A-Za-z0-9+/])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}[ :]?){6,500}(?![0-9A-Fa-f])")
_BITS = re.compile(r"(?<![01])(?:[01]{8} ?){4,200}(?![01])")
_QUOTED = re.compile(r"[\"'\u201c\u2018]([^\"'\u201c\u201d\u2018\u2019\n]{1,80})[\"'\u201d\u2019]")
_JOINED = re.compile(r"[+=&]|\b(?:join|concatenate|combine|merge|halves|pieces|parts|together)\b", re.IGNORECASE)
_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[013457])\w{3,}", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")
_TELLING = frozenset(read("injection_concepts").words["disguised"].replace(",", " ").split())
_ROT13 = {codecs.encode(word, "rot13") for word in _TELLING}
_BACKWARDS = {word[::-1] for word in _TELLING}
_MOST_CHARACTERS = 4000  # longer texts are not searched for rot13 and backwards writing: talk is short
_ENOUGH = 2


def undisguised(text: str) -> Iterator[str]:
    """Yield what `text` may mean besides what it says; nothing for ordinary talk."""
    for match in _BASE64.finditer(text):
        yield from _readable(_from_base64(match[0]))
    for match in _HEX.finditer(text):
        yield from _readable(bytes.fromhex(re.sub("[ :]", "", match[0])))
    for match in _BITS.finditer(text):
        bits = match[0].replace(" ", "")
        yield from _readable(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))
    if len(text) <= _MOST_CHARACTERS:
        seen = set(_WORD.findall(text.lower()))
        if len(seen & _ROT13 - _TELLING) >= _ENOUGH:
            yield codecs.encode(text, "rot13")
        if len(seen & _BACKWARDS - _TELLING) >= _ENOUGH:
            yield text[::-1]
    if len(set(_LEET_WORD.findall(text))) >= _ENOUGH:
        yield text.translate(_LEET)
    pieces = _QUOTED.findall(text)
    if len(pieces) >= _ENOUGH and _JOINED.search(text):
        yield "".join(pieces)
        yield " ".join(piece.strip() for piece in pieces)


def _from_base64(blob: str) -> bytes:
    try:
        return base64.b64decode(blob.rstrip("=") + "=" * (-len(blob.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _readable(raw: bytes) -> Iterator[str]:
    """The bytes as text, if they are some."""
    text = raw.decode("ascii", errors="ignore")
    if len(raw) >= 4 and len(text) == len(raw) and text.isprintable():  # noqa: PLR2004 (the shortest word of an order)
        yield text
