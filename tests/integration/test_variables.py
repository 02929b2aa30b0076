"""Every documented variable, and the test which shows that changing it changes what the service does."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from config import Settings
from tests.integration.web.api import WAV, Api

ROOT = Path(__file__).parents[2]
HERE = "tests/integration/test_variables.py"
CLIENTS = "tests/integration/test_variables_clients.py"
_MODELS = f"{CLIENTS}::test_each_model_is_asked_by_its_name_at_the_base_url_with_the_key"
_QDRANT = f"{CLIENTS}::test_passages_are_looked_for_at_the_qdrant_url_with_its_key"
_SESSIONS = "tests/integration/store/test_store_sessions.py"
_LINE = "tests/integration/store/test_store_line.py"

SHOWN_BY = {
    "OPENAI_API_KEY": _MODELS,
    "OPENAI_BASE_URL": _MODELS,
    "OPENAI_MODEL": _MODELS,
    "OPENAI_EMBEDDING_MODEL": _MODELS,
    "OPENAI_TRANSCRIPTION_MODEL": _MODELS,
    "OPENAI_SPEECH_MODEL": _MODELS,
    "API_KEYS": "tests/integration/web/test_web_access.py"
    "::test_a_key_taken_out_of_the_environment_is_refused_from_the_next_start",
    "ADMIN_API_KEY": "tests/integration/web/test_web_access.py::test_the_admin_key_may_use_the_service_too",
    "DATA_ENCRYPTION_KEYS": f"{_SESSIONS}::test_a_session_whose_master_key_is_gone_says_so",
    "ALLOWED_ORIGINS": "tests/unit/web/test_web_cors.py::test_an_allowed_page_may_read_the_answer",
    "QDRANT_URL": _QDRANT,
    "QDRANT_API_KEY": _QDRANT,
    "REDIS_URL": f"{HERE}::test_another_database_is_another_service",
    "CELERY_BROKER_URL": f"{CLIENTS}::test_celery_listens_at_the_broker_url",
    "RATE_LIMIT_SESSIONS_PER_HOUR": f"{HERE}::test_a_rate_limit_refuses_what_is_above_it_and_nothing_below",
    "RATE_LIMIT_MESSAGES_PER_HOUR": f"{HERE}::test_a_rate_limit_refuses_what_is_above_it_and_nothing_below",
    "RATE_LIMIT_VOICE_PER_HOUR": f"{HERE}::test_a_rate_limit_refuses_what_is_above_it_and_nothing_below",
    "RATE_LIMIT_VOICE_CONCURRENT": f"{_LINE}::test_the_voice_cap_holds_recordings_back_but_no_messages",
    "MAX_SESSIONS_PER_API_KEY": f"{_SESSIONS}::test_one_key_may_open_so_many_sessions",
    "MAX_TOTAL_SESSIONS": f"{_SESSIONS}::test_all_keys_together_may_open_so_many_sessions",
    "MAX_MESSAGE_LENGTH": "tests/integration/web/test_web_messages.py"
    "::test_the_longest_message_is_the_one_of_the_settings",
    "MAX_AUDIO_SIZE_MB": "tests/integration/web/test_web_recordings.py::test_the_limit_is_the_one_of_the_settings",
    "MAX_AUDIO_SECONDS": f"{CLIENTS}::test_a_recording_longer_than_max_audio_seconds_is_not_transcribed",
    "MAX_HISTORY_MESSAGES": "tests/integration/store/test_store_commit.py::test_history_holds_the_last_turns_only",
    "SESSION_TTL_MINUTES": f"{HERE}::test_an_unused_session_ends_after_its_minutes",
    "SESSION_MAX_HOURS": f"{_SESSIONS}::test_a_session_never_lives_past_its_absolute_end",
    "JOB_DEADLINE_SECONDS": "tests/integration/web/test_web_messages.py"
    "::test_a_session_that_ends_too_soon_takes_no_job",
    "JOB_MAX_ATTEMPTS": "tests/integration/store/test_store_reaper.py::test_the_last_attempt_that_dies_ends_the_job",
    "MAX_RUNNING_JOBS_PER_API_KEY": f"{_LINE}::test_the_running_cap_makes_further_sessions_wait_and_run_oldest_first",
    "MAX_WAITING_JOBS_PER_API_KEY": "tests/integration/web/test_web_limits.py"
    "::test_the_cap_on_waiting_jobs_is_named_and_leaves_nothing_behind",
    "WORKER_SLOTS": "tests/integration/workers/test_container.py"
    "::test_every_slot_has_a_connection_to_redis_and_the_heartbeat_too",
    "DAILY_BUDGET_USD": "tests/integration/web/test_web_usage.py"
    "::test_a_job_over_the_daily_budget_is_refused_until_midnight",
    "SAFETY_LOCALE": "tests/integration/web/test_web_escalation.py::test_the_text_names_the_services_of_the_locale",
    "WEBHOOK_ALLOW_HTTP_HOSTS": "tests/integration/web/test_web_webhook_endpoints.py"
    "::test_the_operator_may_name_hosts_that_need_not_be_public",
    "WEBHOOK_RETRY_SECONDS": "tests/integration/store/test_store_webhook_errands.py"
    "::test_what_is_on_its_way_outlives_every_pause",
    "FLOWER_BASIC_AUTH": "tests/e2e/test_secrets.py::test_flower_shows_and_does_nothing_without_its_login",
    "TRUSTED_PROXIES": "tests/unit/web/test_web_https.py"
    "::test_the_address_of_a_client_is_what_the_outermost_trusted_proxy_saw",
    "FORCE_HTTPS": "tests/unit/web/test_web_https.py"
    "::test_without_the_variable_http_is_answered_and_nothing_is_to_be_remembered",
    "ENABLE_JSON_LOGGING": "tests/unit/test_logs.py::test_the_plain_form_has_the_same_fields",
    "LOG_LEVEL": "tests/unit/test_logs.py::test_the_level_of_the_settings_decides",
    "PORT": "tests/unit/web/test_web_gunicorn.py::test_the_web_process_listens_on_loopback_at_the_port_of_the_settings",
    "FLOWER_PORT": "tests/unit/local/test_local_stack_checks.py::test_a_busy_port_is_told_with_the_variable_to_change",
    "DATA_DIR": "tests/integration/local/test_local_make_run.py::test_the_data_folder_is_for_its_owner_only",
    "REDIS_PASSWORD": "tests/unit/deploy/test_compose_commands.py"
    "::test_redis_starts_with_a_password_that_no_argument_shows",
}

OF_COMPOSE = {"REDIS_PASSWORD"}  # docker-compose.yml makes REDIS_URL of it


def test_no_variable_is_missing_from_the_table() -> None:
    documented = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))

    assert set(SHOWN_BY) == documented | OF_COMPOSE
    assert {field.name.upper() for field in fields(Settings)} - documented == {"OFFLINE"}, "derived, not set"


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("name", SHOWN_BY)
def test_the_test_of_a_variable_is_there_and_speaks_of_it(name: str) -> None:
    path, _, test = SHOWN_BY[name].partition("::")

    assert test in _tests_of(path)
    assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8"), flags=re.IGNORECASE)


def _open(api: Api, _: str) -> TestResponse:
    return api.post("/sessions")


def _say(api: Api, session: str) -> TestResponse:
    return api.say(session)


def _record(api: Api, session: str) -> TestResponse:
    return api.record(session, ("audio", WAV, "a.wav", "audio/wav"))


@pytest.mark.parametrize(
    ("variable", "ask"),
    [
        ("rate_limit_sessions_per_hour", _open),
        ("rate_limit_messages_per_hour", _say),
        ("rate_limit_voice_per_hour", _record),
    ],
)
@pytest.mark.parametrize("limit", [2, 3])
def test_a_rate_limit_refuses_what_is_above_it_and_nothing_below(
    settings: Settings, redis: Any, variable: str, ask: Callable[[Api, str], TestResponse], limit: int
) -> None:
    session = Api(settings).open_session()
    api = Api(settings, **{variable: limit})

    answers = [ask(api, session) for _ in range(limit + 1)]

    assert {answer.status_code for answer in answers[:-1]} <= {201, 202}
    assert answers[-1].status_code == 429
    assert answers[-1].get_json()["errors"] == [{"policy": variable.upper()}]


def test_another_database_is_another_service(settings: Settings, redis: Any) -> None:
    """`REDIS_URL`."""
    here, there = Api(settings), Api(replace(settings, redis_url=f"{settings.redis_url.removesuffix('/0')}/1"))
    session = here.open_session()

    assert here.get(f"/sessions/{session}").status_code == 200
    assert there.get(f"/sessions/{session}").status_code == 404
    assert there.open_session()
    there.redis.flushdb()


@pytest.mark.parametrize("minutes", [7, 90])
def test_an_unused_session_ends_after_its_minutes(settings: Settings, redis: Any, minutes: int) -> None:
    opened = Api(settings, session_ttl_minutes=minutes).post("/sessions").get_json()
    ends, began = (datetime.fromisoformat(opened[name]) for name in ("expires_at", "created_at"))

    assert (ends - began).total_seconds() == minutes * 60
