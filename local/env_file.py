"""`.env`, written once from `.env.example` with secrets of its own."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from config import Settings
from local import private_file
from local.errors import LocalError


def _data_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


# What a person would otherwise have to think up.
_GENERATED: dict[str, Callable[[], str]] = {
    "API_KEYS": lambda: secrets.token_urlsafe(32),
    "ADMIN_API_KEY": lambda: secrets.token_urlsafe(32),
    "DATA_ENCRYPTION_KEYS": _data_key,
    "FLOWER_BASIC_AUTH": lambda: f"coach:{secrets.token_urlsafe(12)}",
}


def generated() -> dict[str, str]:
    """A new value for each variable that `make run` generates."""
    return {name: generate() for name, generate in _GENERATED.items()}


def ensure(path: Path, example: Path) -> bool:
    """Write `path` (mode 0600) unless it exists; a file that exists is never touched. True = written now."""
    if path.exists():
        return False
    text = example.read_text(encoding="utf-8")
    for name, generate in _GENERATED.items():
        text, count = re.subn(rf"^{name}=$", f"{name}={generate()}", text, flags=re.MULTILINE)
        if count != 1:
            raise LocalError(f"{example.name} has no line `{name}=` to fill in: take it from the repository again.")
    private_file.write(path, text)
    return True


def check(settings: Settings) -> None:
    """Refuse settings that lack what only a person (or `ensure`) can provide.

    Raises:
        LocalError: names what is missing, with lines to add.
    """
    missing = [name for name in _GENERATED if not getattr(settings, name.lower())]
    if missing:
        lines = "\n".join(f"{name}={_GENERATED[name]()}" for name in missing)
        raise LocalError(f"{', '.join(missing)} must be set; these lines, added to .env, do it:\n{lines}")
    if ":" not in settings.flower_basic_auth:
        raise LocalError("FLOWER_BASIC_AUTH must be user:password; change it in .env.")
