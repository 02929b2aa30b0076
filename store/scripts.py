"""The Lua scripts. One whose first line is `-- engine` or `-- deliveries` runs behind the file of that name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from store.redis_commands import Redis

_FOLDER = Path(__file__).parent / "lua"
_SHARED = ("engine", "deliveries")


class Scripts:
    """Loads scripts on first use and calls them by digest (EVALSHA, with EVAL when the server has forgotten them)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._loaded: dict[str, Callable[..., Any]] = {}

    def run(self, name: str, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """Run `lua/<name>.lua` with the given KEYS and ARGV and return what it returns."""
        if name not in self._loaded:
            source = (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
            first = source.partition("\n")[0].removeprefix("-- ")
            if first in _SHARED:
                source = (_FOLDER / f"{first}.lua").read_text(encoding="utf-8") + source
            self._loaded[name] = self._redis.register_script(source)
        return self._loaded[name](keys=list(keys), args=list(args))
