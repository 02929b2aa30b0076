"""Session tokens: a browser holds one instead of an API key. It is good for one session and a few minutes."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from store.crypto import SealError, Vault

LONGEST_MINUTES = 15
_PLACE = "session_token"
_PREFIX = "sst_"
_LONGEST = 1000  # characters; a token has about 250


@dataclass(frozen=True)
class SessionToken:
    """What a token says: which session, on behalf of which API key, until when (milliseconds since the epoch)."""

    session_id: str
    key_id: str
    expires_at: int


class SessionTokens:
    """Makes and reads tokens. They are sealed by `DATA_ENCRYPTION_KEYS` and stored nowhere.

    Whoever accepts one still has to see whether its API key is active and its session there: it dies with either.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def write(self, token: SessionToken) -> str:
        """The token as the client sends it."""
        sealed = self._vault.seal(_PLACE, json.dumps(asdict(token)).encode())
        return _PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, presented: str) -> SessionToken | None:
        """What a token says, also when its time is over; None for anything that is no token of ours."""
        body = presented.removeprefix(_PREFIX)
        if body == presented or len(body) > _LONGEST:
            return None
        try:
            sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
            return SessionToken(**json.loads(self._vault.open(_PLACE, sealed)))
        except (SealError, binascii.Error, ValueError):
            return None
