from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import celery
import httpx2
import openai
import pytest

import logs
from config import Settings

SAID = "my chest hurts when I climb the stairs"
log = logging.getLogger("tests.logs")


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """`logs.setup` for an environment; the process's own logging comes back at the end."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs._QUIET}

    def apply(**environ: str) -> None:
        logs.setup(Settings.from_env({"DATA_DIR": str(tmp_path), **environ}, dotenv=tmp_path / "none"))

    yield apply
    root.handlers[:], root.level = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_line_is_one_json_object_on_stderr(setup: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    setup()
    log.info("job.completed", extra={"outcome": "answered", "attempt": 2})
    [line] = _lines(capsys)
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "tests.logs",
        "event": "job.completed",
        "outcome": "answered",
        "attempt": 2,
    }


def test_ids_of_the_context_are_on_every_line_inside_and_gone_after(
    setup: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    setup()
    with logs.bound(request_id="req_1", key_id="key_1"), logs.bound(job_id="job_1"):
        log.info("inside")
        elsewhere = threading.Thread(target=log.info, args=("elsewhere",))
        elsewhere.start()
        elsewhere.join()
    log.info("after")
    by_event = {line["event"]: line for line in _lines(capsys)}
    ids = {name: by_event["inside"].get(name) for name in ("request_id", "job_id", "key_id")}
    assert ids == {"request_id": "req_1", "job_id": "job_1", "key_id": "key_1"}
    for event in ("elsewhere", "after"):
        assert not {"request_id", "job_id", "key_id"} & by_event[event].keys()


def test_ids_of_the_context_end_with_an_exception(
    setup: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    setup()
    with pytest.raises(RuntimeError), logs.bound(job_id="job_1"):
        raise RuntimeError
    log.info("after")
    assert "job_id" not in _lines(capsys)[0]


@pytest.mark.parametrize("json_logging", ["true", "false"])
def test_an_exception_is_named_and_placed_but_never_quoted(
    setup: Callable[..., None], capsys: pytest.CaptureFixture[str], json_logging: str
) -> None:
    setup(ENABLE_JSON_LOGGING=json_logging)
    try:
        try:
            raise KeyError(SAID)
        except KeyError as error:
            raise ValueError(f"cannot answer {SAID!r}") from error
    except ValueError:
        log.exception("job.failed", extra={"code": "internal_error"})
    written = capsys.readouterr().err
    assert SAID not in written
    assert all(word in written for word in ("job.failed", "ValueError", "test_logs.py", "internal_error"))


@pytest.mark.parametrize("json_logging", ["true", "false"])
def test_an_exception_that_ends_a_celery_task_is_never_quoted(
    setup: Callable[..., None], capsys: pytest.CaptureFixture[str], json_logging: str
) -> None:
    setup(ENABLE_JSON_LOGGING=json_logging)
    app = celery.Celery("tests", broker="memory://", set_as_current=False)

    @app.task(name="tests.broken", shared=False)
    def broken(argument: str) -> None:
        raise ValueError(f"cannot answer {argument!r}")

    broken.apply(args=(SAID,))
    written = capsys.readouterr().err
    assert SAID not in written
    assert "ValueError" in written


def test_debug_level_does_not_let_the_http_libraries_quote_a_request(
    setup: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    setup(LOG_LEVEL="DEBUG")

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(400, json={"error": {"message": f"cannot answer {SAID}"}})

    client = openai.OpenAI(
        api_key="sk-secret",
        base_url="http://models.invalid/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": SAID}])
    for name in ("httpx", "httpcore.http11", "urllib3.connectionpool", "qdrant_client.http", "kombu", "celery.worker"):
        logging.getLogger(name).debug("body %s", SAID)
        logging.getLogger(name).info("body %s", SAID)
    log.debug("ours")
    assert [line["event"] for line in _lines(capsys)] == ["ours"]


def test_the_level_of_the_settings_decides(setup: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    setup(LOG_LEVEL="ERROR")
    log.warning("too quiet")
    logging.getLogger("httpx").warning("too quiet")
    log.error("loud enough")
    assert [line["event"] for line in _lines(capsys)] == ["loud enough"]


def test_setting_up_twice_writes_a_line_once(setup: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    setup()
    setup()
    log.info("once")
    assert [line["event"] for line in _lines(capsys)] == ["once"]


def test_the_plain_form_has_the_same_fields(setup: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    setup(ENABLE_JSON_LOGGING="false")
    with logs.bound(job_id="job_1"):
        log.warning("job.waits_for_model", extra={"delay_seconds": 2})
    [line] = capsys.readouterr().err.splitlines()
    assert line.split(maxsplit=1)[1] == "warning job.waits_for_model logger=tests.logs job_id=job_1 delay_seconds=2"


def test_python_warnings_become_log_lines(setup: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    setup()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old option", DeprecationWarning, stacklevel=1)
    assert [line["logger"] for line in _lines(capsys)] == ["py.warnings"]
