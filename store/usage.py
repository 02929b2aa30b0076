"""What API keys used and may still use: the most a job can cost, and the counts that `/usage` and `/limits` show."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Settings
from store import engine, keys
from store.client import milliseconds
from store.prices import MICRO, Rates, rates
from store.redis_commands import Redis
from store.submission import Submission

# The most that the coach sends and asks for; a test holds these against it.
PROMPT_TOKENS = 3000  # instructions, what is known of the person, and six passages
HISTORY_TOKENS = 3000
CHARACTERS_PER_TOKEN = 4
OUTPUT_TOKENS = 600
REASONING_OUTPUT_TOKENS = 4000
_REASONING = re.compile(r"(?:gpt-5|o\d)")
_TOKENS_PER_SECOND_HEARD = 5  # a fast speaker says three words and a half
_LEAST_BYTES_PER_SECOND = 500  # Opus, the leanest codec we take, starts at 6 kbit/s (RFC 6716, 2.1.1)
_COUNTED = ("jobs", "input_tokens", "output_tokens", "audio_ms", "characters", "cost")


def reserve(submission: Submission, settings: Settings, price: Rates) -> int:
    """The most that one attempt at this job can cost, in micro-dollars."""
    seconds = 0
    text_tokens = math.ceil(len(submission.input.get("text", "")) / CHARACTERS_PER_TOKEN)
    if submission.type == "voice":
        seconds = min(settings.max_audio_seconds, math.ceil(len(submission.audio) / _LEAST_BYTES_PER_SECOND))
        text_tokens = seconds * _TOKENS_PER_SECOND_HEARD
    reasoning = any(_REASONING.match(name.strip()) for name in settings.openai_model.split(","))
    output = REASONING_OUTPUT_TOKENS if reasoning else OUTPUT_TOKENS
    return price.cost(
        input_tokens=PROMPT_TOKENS + HISTORY_TOKENS + text_tokens,
        output_tokens=output,
        audio_ms=seconds * 1000,
        characters=OUTPUT_TOKENS * CHARACTERS_PER_TOKEN if submission.speak else 0,
    )


def budget(settings: Settings) -> int | None:
    """`DAILY_BUDGET_USD` in micro-dollars; None = there is none."""
    return None if settings.daily_budget_usd is None else int(settings.daily_budget_usd * MICRO)


def charges(submission: Submission, settings: Settings, price: Rates) -> dict[str, Any]:
    """What `lua/submit.lua` is told about a job's cost."""
    allowed = budget(settings)
    return {
        "reserve": reserve(submission, settings, price),
        "budget": -1 if allowed is None else allowed,
        "rates": price.as_json(),
        "priced": int(price.known),
    }


@dataclass(frozen=True)
class Day:
    """What one API key's jobs used that ended on this UTC day (`jobs`: that were accepted); `cost` in micro-dollars."""

    date: str
    jobs: int
    input_tokens: int
    output_tokens: int
    audio_ms: int
    characters: int
    cost: int


@dataclass(frozen=True)
class Standing:
    """Where one API key stands now; `reserved` in micro-dollars, moments in milliseconds since the epoch."""

    days: tuple[Day, ...]  # newest first, today first
    day_ends: int
    reserved: int
    sessions: int
    all_sessions: int  # of every key
    waiting: int
    running: int
    running_voice: int

    def left(self, allowed: int) -> int:
        """What is left of a budget, in micro-dollars."""
        return max(0, allowed - self.days[0].cost - self.reserved)


class Usage:
    """Reads the counts; `lua/submit.lua` and `settle` of `lua/engine.lua` write them."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings

    def standing(self, key_id: str) -> Standing:
        """Counts nothing and changes nothing."""
        now = milliseconds(self._redis.time())
        oldest = now - engine.session_max_ms(self._settings) - engine.BACKSTOP_MS  # as in `lua/submit.lua`
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.usage(key_id))
            for index in (keys.sessions_of(key_id), keys.SESSIONS):
                pipe.zcount(index, now, "+inf")
            pipe.zcount(keys.open_jobs(key_id), oldest * 1000, "+inf")
            for code in ("m", "v"):
                pipe.zcount(keys.running(key_id, code), oldest, "+inf")
            stored, sessions, all_sessions, unfinished, messages, voice = pipe.execute()
        today = datetime.fromtimestamp(now // 86_400_000 * 86_400, UTC)
        return Standing(
            days=tuple(_day(stored, today - timedelta(days=ago)) for ago in range(engine.USAGE_DAYS)),
            day_ends=(now // 86_400_000 + 1) * 86_400_000,
            reserved=max(0, int(stored.get(b"reserved", 0))) if unfinished else 0,
            sessions=sessions,
            all_sessions=all_sessions,
            waiting=max(0, unfinished - messages - voice),
            running=messages + voice,
            running_voice=voice,
        )

    def reached(self, key_id: str, kind: str) -> tuple[list[str], float]:
        """What else would refuse a request that met its rate limit, and in how many seconds that may be over.

        `kind`: `session`, `message` or `voice`.
        """
        settings, standing, now = self._settings, self.standing(key_id), milliseconds(self._redis.time())
        if kind == "session":
            counts = {
                "MAX_SESSIONS_PER_API_KEY": (standing.sessions, settings.max_sessions_per_api_key),
                "MAX_TOTAL_SESSIONS": (standing.all_sessions, settings.max_total_sessions),
            }
        else:
            counts = {"MAX_WAITING_JOBS_PER_API_KEY": (standing.waiting, settings.max_waiting_jobs_per_api_key)}
        reached = [policy for policy, (count, most) in counts.items() if count >= most]
        allowed = budget(settings)
        if kind == "session" or allowed is None:
            return reached, 0
        if reserve(Submission(kind, {}, 0, ""), settings, rates(settings)) <= standing.left(allowed):
            return reached, 0
        return [*reached, "DAILY_BUDGET_USD"], (standing.day_ends - now) / 1000


def _day(stored: dict[bytes, bytes], day: datetime) -> Day:
    number = int(day.timestamp()) // 86_400
    return Day(f"{day:%Y-%m-%d}", *(int(stored.get(f"{number}:{what}".encode(), 0)) for what in _COUNTED))
