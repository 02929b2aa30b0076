"""One JSON object a line on stderr: a static event name, ids from context, and never anything a person said.

An exception is logged by type and place only: its message may quote a prompt or a transcript.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from config import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)
key_id: ContextVar[str | None] = ContextVar("key_id", default=None)
delivery_id: ContextVar[str | None] = ContextVar("delivery_id", default=None)
_CONTEXT = {"request_id": request_id, "job_id": job_id, "key_id": key_id, "delivery_id": delivery_id}

_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "data"}


@contextmanager
def bound(**ids: str | None) -> Iterator[None]:
    """Attach `request_id`, `job_id`, `key_id` or `delivery_id` to every line logged inside the block."""
    tokens = [(_CONTEXT[name], _CONTEXT[name].set(value)) for name, value in ids.items()]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
    }
    fields |= {name: value for name, variable in _CONTEXT.items() if (value := variable.get())}
    fields |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    if record.name == "celery.app.trace":  # its message quotes the exception, and so perhaps a prompt
        task = record.__dict__.get("data", {})
        fields |= {"event": "task.failed", "task": task.get("name"), "task_id": task.get("id")}
    if record.exc_info and record.exc_info[0]:
        frames = traceback.extract_tb(record.exc_info[2])
        fields["error"] = record.exc_info[0].__name__
        fields["at_code"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return fields


def _type_name(value: object) -> str:
    """What is not plain data is named by its type: the text of an exception may quote somebody."""
    return type(value).__name__


class JsonFormatter(logging.Formatter):
    """One line of JSON."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102 (inherited)
        return json.dumps(_fields(record), ensure_ascii=False, default=_type_name)


class PlainFormatter(logging.Formatter):
    """The same fields as `key=value`, for a person at a terminal (`ENABLE_JSON_LOGGING=false`)."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102 (inherited)
        fields = _fields(record)
        head = f"{fields.pop('at')} {fields.pop('level'):<7} {fields.pop('event')}"
        return " ".join([head, *(f"{name}={value}" for name, value in fields.items())])


# These quote URLs, bodies or task arguments below WARNING.
_QUIET = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "openai",
    "urllib3",
    "qdrant_client",
    "av",
    "celery",
    "kombu",
    "amqp",
)


def setup(settings: Settings) -> None:
    """Send every log record of this process to stderr in the form the settings ask for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.enable_json_logging else PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))
    logging.captureWarnings(True)
