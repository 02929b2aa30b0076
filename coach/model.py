"""One streamed chat completion, and what each failure means for a second try."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

import openai
from openai.types.chat import ChatCompletionMessageParam

from coach.prompt import CHARACTERS_PER_TOKEN
from coach.turn import Usage

log = logging.getLogger(__name__)

TEMPERATURE = 0.5
MAX_OUTPUT_TOKENS = 600
# Reasoning models think inside the same budget and accept no temperature.
_REASONING = re.compile(r"(?:gpt-5|o\d)")
MAX_REASONING_TOKENS = 4000
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0  # between two pieces of an answer; after that the model counts as away
# OpenAI can keep completions to be looked at later; whether it does by default is up to the account. Other servers keep
# what they keep, and may refuse a field that they do not know. https://platform.openai.com/docs/guides/your-data
_CAN_STORE = re.compile(r"(?:[a-z]+\.)?api\.openai\.com")

# code -> (message for the person who polls the job, whether trying again cannot help)
_FAILURES = {
    "model_rate_limited": ("The language model is busy. Please try again in a moment.", False),
    "model_timeout": ("The language model took too long to answer. Please try again.", False),
    "model_unavailable": ("The language model cannot be reached just now. Please try again in a moment.", False),
    "model_quota": ("The language model's quota is used up. Ask the operator to check its billing.", True),
    "model_auth": ("The language model refused this service. Ask the operator to check OPENAI_API_KEY.", True),
    "model_bad_request": (
        "The language model could not accept the request. Ask the operator to check OPENAI_MODEL and OPENAI_BASE_URL.",
        True,
    ),
    "retrieval_unavailable": ("The programme cannot be searched just now. Please try again in a moment.", False),
    "retrieval_broken": ("The programme cannot be searched. Ask the operator to run `python -m rag ingest`.", True),
    "model_refused": ("The language model declined to answer this. Please put it in other words.", True),
}


class CoachError(Exception):
    """The turn could not be answered. `message` is fit for the person; it never quotes anybody.

    `permanent` says that a second try cannot help; `retry_after` is what the model API asked for, in seconds.
    """

    def __init__(self, code: str, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after


def failure(code: str, retry_after: float | None = None) -> CoachError:
    """The `CoachError` of a code in the table above."""
    message, permanent = _FAILURES[code]
    return CoachError(code, message, permanent=permanent, retry_after=retry_after)


def seconds_left(timeout: Callable[[], float]) -> float:
    """What `timeout` answers.

    Raises:
        CoachError: when nothing is left.
    """
    left = timeout()
    if left <= 0:
        raise failure("model_timeout")
    return left


class Completion:
    """One call of a chat model: take its `pieces` of text once, then read `usage` and the `model` that answered.

    The first of `models` is asked; the next one only when the API says that it does not have the one before.
    `spent` is told at every step what the call has cost so far, for a caller who may have to stop in the middle.
    """

    def __init__(
        self,
        client: openai.OpenAI,
        models: Sequence[str],
        messages: list[ChatCompletionMessageParam],
        timeout: Callable[[], float],
        spent: Callable[[Usage], None],
    ) -> None:
        self._client = client
        self._models = models
        self.model = models[0]
        self._messages = messages
        self._timeout = timeout
        self._spent = spent
        prompt = sum(len(str(message.get("content"))) for message in messages)
        self._expected = Usage(prompt // CHARACTERS_PER_TOKEN, 0, estimated=True)
        self._spend(self._expected)

    def _spend(self, usage: Usage) -> None:
        self.usage = usage
        self._spent(usage)

    def pieces(self) -> Generator[str, None, None]:
        """Yield the text as it arrives. Closing the generator closes the connection.

        Raises:
            CoachError: for whatever goes wrong, also when the stream ends before the model said that it is done.
        """
        finished = False
        characters = 0
        with mapped_errors(), self._open() as stream:
            for chunk in stream:
                seconds_left(self._timeout)  # the client's own timeout bounds one read, not a dripping stream
                if chunk.usage:
                    self._spend(Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens))
                for choice in chunk.choices[:1]:
                    if choice.finish_reason == "content_filter" or choice.delta.refusal:
                        raise failure("model_refused")
                    finished = finished or choice.finish_reason is not None
                    if choice.delta.content:
                        characters += len(choice.delta.content)
                        tokens = math.ceil(characters / CHARACTERS_PER_TOKEN)
                        self._spend(Usage(self.usage.input_tokens, tokens, estimated=True))
                        yield choice.delta.content
        if not finished:
            raise failure("model_unavailable")

    def _open(self) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
        *others, last = self._models
        for self.model in others:
            try:
                return self._ask()
            except openai.APIStatusError as error:
                if not (isinstance(error, openai.NotFoundError) or error.code == "model_not_found"):
                    raise
                log.warning("coach.model_missing", extra={"model": self.model})
                self._spend(self._expected)
        self.model = last
        return self._ask()

    def _ask(self) -> openai.Stream[openai.types.chat.ChatCompletionChunk]:
        left = seconds_left(self._timeout)
        reasoning = _REASONING.match(self.model)
        can_store = _CAN_STORE.fullmatch(self._client.base_url.host)
        try:
            return self._client.chat.completions.create(
                model=self.model,
                messages=self._messages,
                stream=True,
                stream_options={"include_usage": True},
                temperature=openai.omit if reasoning else TEMPERATURE,
                max_tokens=openai.omit if reasoning else MAX_OUTPUT_TOKENS,
                max_completion_tokens=MAX_REASONING_TOKENS if reasoning else openai.omit,
                store=False if can_store else openai.omit,
                timeout=openai.Timeout(min(left, SILENCE_SECONDS), connect=min(left, CONNECT_SECONDS)),
            )
        except openai.APIError as error:
            if not isinstance(error, openai.APITimeoutError):
                self._spend(Usage())  # a call that was refused, or never arrived, is not billed
            raise


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn the client's errors into `CoachError`, without the message, which may quote the prompt."""
    try:
        yield
    except openai.APIStatusError as error:
        raise failure(_code_of(error), _retry_after(error)) from error
    except openai.APITimeoutError as error:
        raise failure("model_timeout") from error
    except (openai.OpenAIError, json.JSONDecodeError) as error:  # no connection, a cut line, an error in the stream
        raise failure("model_unavailable") from error


def _code_of(error: openai.APIStatusError) -> str:
    if error.code == "insufficient_quota":
        return "model_quota"
    if error.code in {"content_filter", "content_policy_violation"}:
        return "model_refused"
    by_status = {401: "model_auth", 403: "model_auth", 408: "model_timeout", 409: "model_unavailable"}
    by_status[429] = "model_rate_limited"
    server_error = 500
    return by_status.get(
        error.status_code, "model_unavailable" if error.status_code >= server_error else "model_bad_request"
    )


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds from `Retry-After` (RFC 9110, 10.2.3); its date form is not used by model APIs and is ignored."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
