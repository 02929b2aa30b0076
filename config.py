"""Settings of every process: environment, `.env`, secret files and the embedded stack, read once and validated.

Importing this module reads nothing. Entry points call :func:`load_or_exit`; everybody else receives a `Settings`.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h
STACK_FILE = "stack.env"  # written into DATA_DIR by `make run`: where the embedded parts listen
DATA_KEY_BYTES = 32
HOSTED_URL = "https://api.openai.com/v1"
# After an attempt at once: Standard Webhooks' example schedule, 27.6 hours in all.
WEBHOOK_RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
LONGEST_DELAY_SECONDS = 86_400
LOCALES = ("CA", "US", "UK", "AU", "OTHER")

OFFLINE_MODELS = {
    "OPENAI_MODEL": "offline-extractive",
    "OPENAI_EMBEDDING_MODEL": "all-minilm-l6-v2",
    "OPENAI_TRANSCRIPTION_MODEL": "whisper-tiny.en",
    "OPENAI_SPEECH_MODEL": "offline-voice",
}
HOSTED_MODELS = {
    "OPENAI_MODEL": "gpt-4o-mini",
    "OPENAI_EMBEDDING_MODEL": "text-embedding-3-small",
    "OPENAI_TRANSCRIPTION_MODEL": "whisper-1",
    "OPENAI_SPEECH_MODEL": "gpt-4o-mini-tts",
}

T = TypeVar("T")


class SettingsError(ValueError):
    """The environment cannot be used; `problems` has one sentence for each variable to mend."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What the environment says, typed. Field names are the variables' names in lower case."""

    openai_api_key: str = field(repr=False)
    openai_base_url: str  # "" only when `offline` and the embedded server is not running
    openai_model: str
    openai_embedding_model: str
    openai_transcription_model: str
    openai_speech_model: str
    api_keys: tuple[str, ...] = field(repr=False)
    admin_api_key: str = field(repr=False)
    data_encryption_keys: tuple[bytes, ...] = field(repr=False)
    allowed_origins: tuple[str, ...]
    qdrant_url: str
    qdrant_api_key: str = field(repr=False)
    redis_url: str = field(repr=False)
    celery_broker_url: str = field(repr=False)
    rate_limit_sessions_per_hour: int
    rate_limit_messages_per_hour: int
    rate_limit_voice_per_hour: int
    rate_limit_voice_concurrent: int
    max_sessions_per_api_key: int
    max_total_sessions: int
    max_message_length: int
    max_audio_size_mb: int
    max_audio_seconds: int
    max_history_messages: int
    session_ttl_minutes: int
    session_max_hours: int
    job_deadline_seconds: int
    job_max_attempts: int
    max_running_jobs_per_api_key: int
    max_waiting_jobs_per_api_key: int
    worker_slots: int
    daily_budget_usd: Decimal | None
    safety_locale: str
    webhook_allow_http_hosts: tuple[str, ...]
    webhook_retry_seconds: tuple[int, ...]
    flower_basic_auth: str = field(repr=False)
    trusted_proxies: int
    force_https: bool
    enable_json_logging: bool
    log_level: str
    port: int
    flower_port: int
    data_dir: Path
    offline: bool  # derived: neither a key nor a base URL is set, so the embedded models answer

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """Read the environment over `.env` of the working folder over the embedded stack's file.

        `NAME_FILE` names a file that holds the value of `NAME`. Empty means unset.

        Raises:
            SettingsError: with every problem found, not only the first.
        """
        values = _merged(os.environ if environ is None else environ, dotenv or Path(".env"))
        return _Reader(values).settings()


# What a process may be unable to do without, and what to do when it is not there.
_NEEDS = {
    "redis_url": "REDIS_URL is empty and no embedded Redis runs: set it, or start all with `make run`.",
    "openai_base_url": "OPENAI_API_KEY is empty and no offline models run: set it, or start all with `make run`.",
    "data_encryption_keys": "DATA_ENCRYPTION_KEYS is empty: set it to 32 random bytes in base64, or use `make run`.",
}


def load_or_exit(*needs: str) -> Settings:
    """`Settings.from_env()` for entry points: prints every problem and exits 78 instead of raising.

    `needs` names fields that this process cannot do without: `redis_url`, `openai_base_url`, `data_encryption_keys`.
    """
    try:
        settings = Settings.from_env()
        problems = [_NEEDS[name] for name in needs if not getattr(settings, name)]
        if problems:
            raise SettingsError(problems)
        return settings
    except SettingsError as error:
        exit_with(error)


def exit_with(error: SettingsError) -> NoReturn:
    """Print each problem on a line of its own and leave with the exit code for configuration errors."""
    print("Configuration cannot be used:", file=sys.stderr)
    for problem in error.problems:
        print(f"  - {problem}", file=sys.stderr)
    raise SystemExit(EXIT_CONFIG)


def _merged(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """The environment over the dotenv file; empty values count as unset."""
    from_file = dotenv_values(dotenv, interpolate=False) if dotenv.is_file() else {}
    given = {name: value for name, value in environ.items() if value.strip()}
    replaced = {
        name.removesuffix("_FILE") for name in given
    }  # NAME_FILE of the environment also wins over NAME of `.env`
    kept = {name: value for name, value in from_file.items() if value and value.strip() and name not in replaced}
    return kept | given


def _database(url: str) -> tuple[str | None, int, str] | None:
    """Which database a Redis URL means; None where the URL does not tell (Sentinel, sockets)."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"}:
        return None
    return parts.hostname, parts.port or 6379, parts.path.strip("/") or "0"


class _Reader:
    """Takes variables one by one and remembers what was wrong with each."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.problems: list[str] = []

    def settings(self) -> Settings:
        data_dir = Path(self.text("DATA_DIR", ".data"))
        stack_file = data_dir / STACK_FILE
        stack = dotenv_values(stack_file, interpolate=False) if stack_file.is_file() else {}
        key, base_url = self.text("OPENAI_API_KEY"), self.url("OPENAI_BASE_URL", {"http", "https"})
        offline = not key and not base_url
        if offline:
            key, base_url = stack.get("OPENAI_API_KEY") or "offline", stack.get("OPENAI_BASE_URL") or ""
        redis_url = self.url("REDIS_URL", {"redis", "rediss", "unix"}) or stack.get("REDIS_URL") or ""
        broker_url = self.url("CELERY_BROKER_URL", {"redis", "rediss", "unix", "sentinel"}) or redis_url
        if None not in (_database(broker_url), _database(redis_url)) and _database(broker_url) != _database(redis_url):
            self.problems.append(
                "CELERY_BROKER_URL must name the same Redis database as REDIS_URL: "
                "a job and its message are written in one step."
            )
        slots = self.integer("WORKER_SLOTS", 200, least=2)
        running = self.integer("MAX_RUNNING_JOBS_PER_API_KEY", max(1, slots // 4))
        if running >= slots:
            self.problems.append(
                f"MAX_RUNNING_JOBS_PER_API_KEY is {running}: set it below WORKER_SLOTS ({slots}), "
                "or one key can hold every slot."
            )
        result = Settings(
            openai_api_key=key or "none",
            openai_base_url=base_url or ("" if offline else HOSTED_URL),
            openai_model=self.model("OPENAI_MODEL", offline),
            openai_embedding_model=self.model("OPENAI_EMBEDDING_MODEL", offline),
            openai_transcription_model=self.model("OPENAI_TRANSCRIPTION_MODEL", offline),
            openai_speech_model=self.model("OPENAI_SPEECH_MODEL", offline),
            api_keys=self.words("API_KEYS"),
            admin_api_key=self.text("ADMIN_API_KEY"),
            data_encryption_keys=self.data_keys("DATA_ENCRYPTION_KEYS"),
            allowed_origins=self.origins("ALLOWED_ORIGINS"),
            qdrant_url=self.url("QDRANT_URL", {"http", "https"}),
            qdrant_api_key=self.text("QDRANT_API_KEY"),
            redis_url=redis_url,
            celery_broker_url=broker_url,
            rate_limit_sessions_per_hour=self.integer("RATE_LIMIT_SESSIONS_PER_HOUR", 20),
            rate_limit_messages_per_hour=self.integer("RATE_LIMIT_MESSAGES_PER_HOUR", 100),
            rate_limit_voice_per_hour=self.integer("RATE_LIMIT_VOICE_PER_HOUR", 100),
            rate_limit_voice_concurrent=self.integer("RATE_LIMIT_VOICE_CONCURRENT", 10),
            max_sessions_per_api_key=self.integer("MAX_SESSIONS_PER_API_KEY", 50),
            max_total_sessions=self.integer("MAX_TOTAL_SESSIONS", 1000),
            max_message_length=self.integer("MAX_MESSAGE_LENGTH", 10_000),
            max_audio_size_mb=self.integer("MAX_AUDIO_SIZE_MB", 10),
            max_audio_seconds=self.integer("MAX_AUDIO_SECONDS", 300),
            max_history_messages=self.integer("MAX_HISTORY_MESSAGES", 100, least=2),
            session_ttl_minutes=self.integer("SESSION_TTL_MINUTES", 90),
            session_max_hours=self.integer("SESSION_MAX_HOURS", 24),
            job_deadline_seconds=self.integer("JOB_DEADLINE_SECONDS", 600),
            job_max_attempts=self.integer("JOB_MAX_ATTEMPTS", 3),
            max_running_jobs_per_api_key=running,
            max_waiting_jobs_per_api_key=self.integer("MAX_WAITING_JOBS_PER_API_KEY", 1000),
            worker_slots=slots,
            daily_budget_usd=self.dollars("DAILY_BUDGET_USD"),
            safety_locale=self.choice("SAFETY_LOCALE", "CA", LOCALES),
            webhook_allow_http_hosts=self.hosts("WEBHOOK_ALLOW_HTTP_HOSTS"),
            webhook_retry_seconds=self.delays("WEBHOOK_RETRY_SECONDS", WEBHOOK_RETRY_SECONDS),
            flower_basic_auth=self.text("FLOWER_BASIC_AUTH"),
            trusted_proxies=self.integer("TRUSTED_PROXIES", 0, least=0),
            force_https=self.boolean("FORCE_HTTPS", False),
            enable_json_logging=self.boolean("ENABLE_JSON_LOGGING", True),
            log_level=self.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
            port=self.integer("PORT", 8000, most=65_535),
            flower_port=self.integer("FLOWER_PORT", 5555, most=65_535),
            data_dir=data_dir,
            offline=offline,
        )
        if self.problems:
            raise SettingsError(self.problems)
        return result

    def text(self, name: str, default: str = "") -> str:
        if name in self.values:
            return self.values[name].strip()
        path = self.values.get(f"{name}_FILE")
        if not path:
            return default
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"{name}_FILE names {path}, which cannot be read as text.")
            return default

    def _parsed(self, name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
        raw = self.text(name)
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError:
            self.problems.append(f"{name} must be {expected}.")
            return default

    def integer(self, name: str, default: int, least: int = 1, most: int = 10**9) -> int:
        def parse(raw: str) -> int:
            number = int(raw)
            if not least <= number <= most:
                raise ValueError
            return number

        return self._parsed(name, default, parse, f"a whole number from {least} to {most}")

    def dollars(self, name: str) -> Decimal | None:
        """An amount down to a millionth; None where nothing is set."""

        def parse(raw: str) -> Decimal | None:
            if not re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", raw):
                raise ValueError
            return Decimal(raw)

        return self._parsed(name, None, parse, "an amount in dollars such as 2.50")

    def boolean(self, name: str, default: bool) -> bool:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

        def parse(raw: str) -> bool:
            if raw.lower() not in words:
                raise ValueError
            return words[raw.lower()]

        return self._parsed(name, default, parse, "true or false")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        def parse(raw: str) -> str:
            if raw.upper() not in allowed:
                raise ValueError
            return raw.upper()

        return self._parsed(name, default, parse, f"one of {', '.join(allowed)}")

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def url(self, name: str, schemes: set[str]) -> str:
        def parse(raw: str) -> str:
            parts = urlsplit(raw)
            if parts.scheme not in schemes or not (parts.netloc or (parts.scheme == "unix" and parts.path)):
                raise ValueError
            if parts.scheme != "sentinel":
                _ = parts.port  # raises ValueError where there is no port number
            return raw.rstrip("/")

        return self._parsed(
            name, "", parse, f"a URL that starts with {' or '.join(sorted(s + '://' for s in schemes))}"
        )

    def origins(self, name: str) -> tuple[str, ...]:
        """Exact origins (RFC 6454) such as `https://app.example.org`; a wildcard is none."""
        for word in self.words(name):
            parts = urlsplit(word)
            if parts.scheme not in {"http", "https"} or word != f"{parts.scheme}://{parts.netloc}" or "*" in word:
                self.problems.append(f"{name} must list exact origins such as https://app.example.org; {word} is none.")
        return self.words(name)

    def delays(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Seconds between one try and the next."""

        def parse(raw: str) -> tuple[int, ...]:
            seconds = tuple(int(word) for word in raw.split(","))
            if not all(0 < each <= LONGEST_DELAY_SECONDS for each in seconds):
                raise ValueError
            return seconds

        return self._parsed(
            name, default, parse, f"whole numbers of seconds from 1 to {LONGEST_DELAY_SECONDS}, such as 5,300"
        )

    def hosts(self, name: str) -> tuple[str, ...]:
        """Hosts with or without a port, such as `receiver`, `127.0.0.1:9000` or `[::1]`."""
        for word in self.words(name):
            if not re.fullmatch(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]{0,4})?", word):
                self.problems.append(f"{name} must list hosts such as receiver or 127.0.0.1:9000; {word} is none.")
        return self.words(name)

    def model(self, name: str, offline: bool) -> str:
        return OFFLINE_MODELS[name] if offline else self.text(name, HOSTED_MODELS[name])

    def data_keys(self, name: str) -> tuple[bytes, ...]:
        keys = []
        for word in self.words(name):
            try:
                key = base64.b64decode(word, altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != DATA_KEY_BYTES:
                self.problems.append(f"{name} must hold base64 keys of {DATA_KEY_BYTES} bytes, separated by commas.")
                return ()
            keys.append(key)
        return tuple(keys)
