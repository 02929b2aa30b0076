"""The one place where content is sealed: AES-256-GCM under a data key per session, wrapped by a master key.

Deleting a session deletes its wrapped data key, and with it any way to read what it sealed, wherever a copy lies.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, random, one data key seals far fewer than 2**32 values
_KEY_ID_BYTES = 4


class SealError(Exception):
    """A sealed value cannot be opened: it is damaged, was moved elsewhere, or its master key is gone."""


def _seal(cipher: AESGCM, plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to.encode())


def _open(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise SealError("A stored value cannot be decrypted. Is its key still in DATA_ENCRYPTION_KEYS?") from error


class SessionCipher:
    """Seals and opens the values of one session; each is bound to the session and to the place where it lies."""

    def __init__(self, session_id: str, data_key: bytes) -> None:
        self._session_id = session_id
        self._cipher = AESGCM(data_key)
        self._mac_key = hmac.digest(data_key, b"fingerprint", "sha256")

    def fingerprint(self, content: bytes) -> str:
        """HMAC-SHA256 in hex: equal contents are recognised, and nobody without the key can guess them."""
        return hmac.new(self._mac_key, content, "sha256").hexdigest()

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt bytes for a place such as `"job_…_3|input"`."""
        return _seal(self._cipher, plain, f"{self._session_id}|{place}")

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for the same session and place, or raise `SealError`."""
        return _open(self._cipher, sealed, f"{self._session_id}|{place}")

    def seal_json(self, place: str, value: object) -> bytes:
        """`seal` for anything JSON can hold."""
        return self.seal(place, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def open_json(self, place: str, sealed: bytes) -> Any:
        """`open` for what `seal_json` made."""
        return json.loads(self.open(place, sealed))


class Vault:
    """Wraps session data keys, and seals what belongs to none. The first master key seals, all open (rotation)."""

    def __init__(self, master_keys: tuple[bytes, ...]) -> None:
        if not master_keys:
            raise ValueError("DATA_ENCRYPTION_KEYS is empty: set it to a base64 key of 32 random bytes.")
        self._ciphers = {hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: AESGCM(key) for key in master_keys}
        self._current = next(iter(self._ciphers))

    def new_wrapped_key(self, session_id: str) -> bytes:
        """A fresh data key, wrapped, to be stored with the session."""
        return self.seal(f"{session_id}|data_key", AESGCM.generate_key(256))

    def cipher(self, session_id: str, wrapped: bytes) -> SessionCipher:
        """The cipher of a session, from its wrapped data key, or `SealError`."""
        return SessionCipher(session_id, self.open(f"{session_id}|data_key", wrapped))

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt what belongs to no session, such as a signing secret, under the current master key."""
        return self._current + _seal(self._ciphers[self._current], plain, place)

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for the same place, or raise `SealError`."""
        master = self._ciphers.get(sealed[:_KEY_ID_BYTES])
        if master is None:
            raise SealError("The master key of a value is not in DATA_ENCRYPTION_KEYS. Put it back behind the new one.")
        return _open(master, sealed[_KEY_ID_BYTES:], place)

    def renewed(self, place: str, sealed: bytes) -> bytes:
        """The same value under the current master key; as it is when it lies under that already. Or `SealError`."""
        return sealed if sealed.startswith(self._current) else self.seal(place, self.open(place, sealed))
