from __future__ import annotations

import base64
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from config import EXIT_CONFIG, HOSTED_MODELS, OFFLINE_MODELS, STACK_FILE, Settings, SettingsError

REPOSITORY = Path(__file__).parents[2]
DATA_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


class Files:
    """An environment, a `.env` and a data folder of this test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dotenv = folder / ".env"
        self.stack = folder / "data" / STACK_FILE
        self.stack.parent.mkdir()

    def read(self, **environ: str) -> Settings:
        return Settings.from_env({"DATA_DIR": str(self.stack.parent), **environ}, dotenv=self.dotenv)

    def problems(self, **environ: str) -> list[str]:
        with pytest.raises(SettingsError) as refused:
            self.read(**environ)
        return refused.value.problems


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_nothing_set_gives_the_documented_defaults(files: Files) -> None:
    settings = files.read()
    assert (settings.port, settings.flower_port, settings.trusted_proxies) == (8000, 5555, 0)
    assert (settings.session_ttl_minutes, settings.session_max_hours, settings.job_deadline_seconds) == (90, 24, 600)
    assert (settings.max_message_length, settings.max_audio_size_mb, settings.max_audio_seconds) == (10_000, 10, 300)
    assert (settings.worker_slots, settings.max_running_jobs_per_api_key) == (200, 50)
    assert (settings.safety_locale, settings.log_level, settings.enable_json_logging) == ("CA", "INFO", True)
    assert (settings.api_keys, settings.data_encryption_keys, settings.allowed_origins) == ((), (), ())


def test_every_problem_is_listed_at_once(files: Files) -> None:
    problems = files.problems(
        PORT="banana",
        SAFETY_LOCALE="Atlantis",
        ENABLE_JSON_LOGGING="perhaps",
        REDIS_URL="http://cache:6379",
        DATA_ENCRYPTION_KEYS="c2hvcnQ=",
        ADMIN_API_KEY_FILE="/nowhere/admin",
        MAX_RUNNING_JOBS_PER_API_KEY="500",
    )
    assert [problem.split()[0] for problem in sorted(problems)] == [
        "ADMIN_API_KEY_FILE",
        "DATA_ENCRYPTION_KEYS",
        "ENABLE_JSON_LOGGING",
        "MAX_RUNNING_JOBS_PER_API_KEY",
        "PORT",
        "REDIS_URL",
        "SAFETY_LOCALE",
    ]


def test_a_problem_never_quotes_a_secret(files: Files) -> None:
    problems = files.problems(
        DATA_ENCRYPTION_KEYS="hunter2hunter2",
        REDIS_URL="http://:hunter2@cache",
        CELERY_BROKER_URL="amqp://u:hunter2@mq",  # pragma: allowlist secret
    )
    assert len(problems) == 3
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("PORT", 1, 65_535),
        ("FLOWER_PORT", 1, 65_535),
        ("TRUSTED_PROXIES", 0, 10**9),
        ("MAX_HISTORY_MESSAGES", 2, 10**9),
        ("MAX_MESSAGE_LENGTH", 1, 10**9),
        ("JOB_MAX_ATTEMPTS", 1, 10**9),
        ("SESSION_TTL_MINUTES", 1, 10**9),
        ("JOB_DEADLINE_SECONDS", 1, 10**9),
    ],
)
def test_numbers_are_held_within_their_bounds(files: Files, name: str, least: int, most: int) -> None:
    for accepted in (least, most):
        assert getattr(files.read(**{name: str(accepted)}), name.lower()) == accepted
    for refused in (least - 1, most + 1, "1.5", "ten", "0x10", "9" * 5000):
        assert [problem.split()[0] for problem in files.problems(**{name: str(refused)})] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", "api.example.org/v1"),
        ("OPENAI_BASE_URL", "file:///etc/passwd"),
        ("OPENAI_BASE_URL", "http://[::1"),
        ("OPENAI_BASE_URL", "http:///v1"),
        ("QDRANT_URL", "qdrant:6333"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://cache:banana"),
        ("REDIS_URL", "redis://cache:99999"),
        ("CELERY_BROKER_URL", "amqp://broker"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(files: Files, name: str, value: str) -> None:
    assert [problem.split()[0] for problem in files.problems(**{name: value})] == [name]


@pytest.mark.parametrize(("slots", "running", "accepted"), [("10", "9", True), ("10", "10", False), ("2", "1", True)])
def test_one_key_may_never_hold_every_worker_slot(files: Files, slots: str, running: str, accepted: bool) -> None:
    environ = {"WORKER_SLOTS": slots, "MAX_RUNNING_JOBS_PER_API_KEY": running}
    if accepted:
        assert files.read(**environ).max_running_jobs_per_api_key == int(running)
    else:
        assert "below WORKER_SLOTS" in files.problems(**environ)[0]


@pytest.mark.parametrize(("given", "budget"), [("", None), ("0", "0"), ("2.50", "2.5"), ("0.000001", "0.000001")])
def test_a_budget_is_an_amount_or_none(files: Files, given: str, budget: str | None) -> None:
    assert files.read(DAILY_BUDGET_USD=given).daily_budget_usd == (None if budget is None else Decimal(budget))


@pytest.mark.parametrize("given", ["-1", "1,50", "$5", "NaN", "1e3", "0.0000001", "10000000"])
def test_a_budget_that_is_no_amount_is_refused(files: Files, given: str) -> None:
    assert files.problems(DAILY_BUDGET_USD=given) == ["DAILY_BUDGET_USD must be an amount in dollars such as 2.50."]


def test_the_running_cap_follows_the_slots_when_it_is_not_set(files: Files) -> None:
    assert files.read(WORKER_SLOTS="40").max_running_jobs_per_api_key == 10
    assert files.read(WORKER_SLOTS="2").max_running_jobs_per_api_key == 1
    assert "below WORKER_SLOTS" not in str(files.problems(WORKER_SLOTS="1"))


@pytest.mark.parametrize("word", ["false", "0", "no", "False"])
def test_json_logging_can_be_turned_off_in_several_words(files: Files, word: str) -> None:
    assert files.read(ENABLE_JSON_LOGGING=word).enable_json_logging is False


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_stack(files: Files) -> None:
    files.stack.write_text("REDIS_URL=redis://stack:1\n")
    assert files.read().redis_url == "redis://stack:1"
    files.dotenv.write_text("REDIS_URL=redis://dotenv:2\nPORT=9000\n")
    assert files.read().redis_url == "redis://dotenv:2"
    settings = files.read(REDIS_URL="redis://environment:3")
    assert (settings.redis_url, settings.port) == ("redis://environment:3", 9000)


def test_dotenv_values_are_taken_literally(files: Files) -> None:
    files.dotenv.write_text('FLOWER_BASIC_AUTH="admin:${HOME}#x"\n')
    assert files.read().flower_basic_auth == "admin:${HOME}#x"


@pytest.mark.parametrize("nothing", ["", "  "])
def test_empty_means_unset(files: Files, nothing: str) -> None:
    files.dotenv.write_text("PORT=9000\n")
    settings = files.read(PORT=nothing, OPENAI_API_KEY="sk-1", OPENAI_MODEL=nothing, REDIS_URL=nothing)
    assert (settings.port, settings.openai_model, settings.redis_url) == (9000, HOSTED_MODELS["OPENAI_MODEL"], "")


def test_a_value_may_come_from_a_file(files: Files) -> None:
    secret = files.folder / "api_keys"
    secret.write_text("first-key, second-key\n")
    assert files.read(API_KEYS_FILE=str(secret)).api_keys == ("first-key", "second-key")
    assert files.read(API_KEYS_FILE=str(secret), API_KEYS="plain").api_keys == ("plain",)


def test_a_file_named_by_the_environment_wins_over_dotenv(files: Files) -> None:
    secret = files.folder / "api_keys"
    secret.write_text("mounted-key\n")
    files.dotenv.write_text("API_KEYS=generated-key\n")
    assert files.read(API_KEYS_FILE=str(secret)).api_keys == ("mounted-key",)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_is_no_text_is_a_problem(files: Files, content: bytes | None) -> None:
    secret = files.folder / "admin"
    if content:
        secret.write_bytes(content)
    assert files.problems(ADMIN_API_KEY_FILE=str(secret)) == [
        f"ADMIN_API_KEY_FILE names {secret}, which cannot be read as text."
    ]


def test_no_secret_shows_in_the_settings_representation(files: Files) -> None:
    secrets = {
        "OPENAI_API_KEY": "s3cr3t-openai",
        "API_KEYS": "s3cr3t-one,s3cr3t-two",
        "ADMIN_API_KEY": "s3cr3t-admin",
        "DATA_ENCRYPTION_KEYS": base64.b64encode(b"s3cr3t" * 5 + b"xx").decode(),
        "QDRANT_API_KEY": "s3cr3t-qdrant",
        "REDIS_URL": "redis://:s3cr3t-redis@cache",
        "CELERY_BROKER_URL": "redis://:s3cr3t-broker@cache",
        "FLOWER_BASIC_AUTH": "admin:s3cr3t-flower",
    }
    settings = files.read(**secrets)
    assert settings.data_encryption_keys == (b"s3cr3t" * 5 + b"xx",)
    shown = f"{settings!r} {settings}"
    assert "s3cr3t" not in shown
    assert secrets["DATA_ENCRYPTION_KEYS"] not in shown


def test_data_keys_are_read_in_order_in_both_base64_alphabets(files: Files) -> None:
    first, second = b"\xfb\xff" * 16, bytes(32)
    words = [
        base64.urlsafe_b64encode(first).decode(),
        base64.b64encode(first).decode(),
        base64.b64encode(second).decode(),
    ]
    assert files.read(DATA_ENCRYPTION_KEYS=", ".join(words)).data_encryption_keys == (first, first, second)


@pytest.mark.parametrize("bad", ["!" * 44, DATA_KEY[:-4], DATA_KEY + DATA_KEY, f"{DATA_KEY},c2hvcnQ="])
def test_a_data_key_of_another_size_or_alphabet_is_refused(files: Files, bad: str) -> None:
    assert len(files.problems(DATA_ENCRYPTION_KEYS=bad)) == 1


def test_without_key_and_base_url_the_embedded_models_answer(files: Files) -> None:
    files.stack.write_text("OPENAI_API_KEY=local-token\nOPENAI_BASE_URL=http://127.0.0.1:4000/v1\n")
    settings = files.read(OPENAI_MODEL="gpt-4o")
    assert settings.offline
    assert (settings.openai_api_key, settings.openai_base_url) == ("local-token", "http://127.0.0.1:4000/v1")
    assert {name: getattr(settings, name.lower()) for name in OFFLINE_MODELS} == OFFLINE_MODELS


@pytest.mark.parametrize(
    ("environ", "key", "base_url"),
    [
        ({"OPENAI_API_KEY": "sk-1"}, "sk-1", "https://api.openai.com/v1"),
        ({"OPENAI_BASE_URL": "http://models:1/v1/"}, "none", "http://models:1/v1"),
        ({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://models:1/v1"}, "sk-1", "http://models:1/v1"),
    ],
)
def test_a_key_or_a_base_url_turns_the_embedded_models_off(
    files: Files, environ: dict[str, str], key: str, base_url: str
) -> None:
    files.stack.write_text("OPENAI_API_KEY=local-token\nOPENAI_BASE_URL=http://127.0.0.1:4000/v1\n")
    settings = files.read(**environ, OPENAI_SPEECH_MODEL="my-voice")
    assert not settings.offline
    assert (settings.openai_api_key, settings.openai_base_url) == (key, base_url)
    assert (settings.openai_model, settings.openai_speech_model) == (HOSTED_MODELS["OPENAI_MODEL"], "my-voice")


def test_the_broker_is_the_store_unless_named(files: Files) -> None:
    assert files.read(REDIS_URL="redis://one:1").celery_broker_url == "redis://one:1"
    settings = files.read(REDIS_URL="redis://one:1", CELERY_BROKER_URL="sentinel://two:2")
    assert settings.celery_broker_url == "sentinel://two:2"


@pytest.mark.parametrize(
    ("broker", "accepted"),
    [
        ("redis://cache:6379/0", True),
        ("redis://:password@cache", True),
        ("redis://CACHE/", True),
        ("redis://cache/1", False),
        ("redis://cache:6380", False),
        ("redis://elsewhere", False),
    ],
)
def test_the_broker_must_be_the_database_of_the_ledger(files: Files, broker: str, accepted: bool) -> None:
    environ = {"REDIS_URL": "redis://cache", "CELERY_BROKER_URL": broker}
    if accepted:
        assert files.read(**environ).celery_broker_url == broker.rstrip("/")
    else:
        assert "same Redis database" in files.problems(**environ)[0]


def _start(folder: Path, environ: dict[str, str], code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own interpreter and code)
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_entry_point_lists_the_problems_and_exits_78(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SAFETY_LOCALE=Atlantis\n")
    ended = _start(tmp_path, {"PORT": "banana"}, "import config; config.load_or_exit()")
    assert (ended.returncode, ended.stdout) == (EXIT_CONFIG, "") == (78, "")
    assert ended.stderr.splitlines() == [
        "Configuration cannot be used:",
        "  - SAFETY_LOCALE must be one of CA, US, UK, AU, OTHER.",
        "  - PORT must be a whole number from 1 to 65535.",
    ]


def test_an_entry_point_goes_on_when_all_is_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8123\n")
    ended = _start(tmp_path, {}, "import config; print(config.load_or_exit().port)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "8123\n", "")


def test_an_entry_point_that_lacks_what_it_needs_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import config; config.load_or_exit('redis_url', 'openai_base_url', 'data_encryption_keys')"
    ended = _start(tmp_path, {}, code)
    assert ended.returncode == 78
    assert [line.split()[1] for line in ended.stderr.splitlines()[1:]] == [
        "REDIS_URL",
        "OPENAI_API_KEY",
        "DATA_ENCRYPTION_KEYS",
    ]
    assert "Traceback" not in ended.stderr
    whole = {"REDIS_URL": "redis://cache", "OPENAI_API_KEY": "sk-1", "DATA_ENCRYPTION_KEYS": DATA_KEY}
    assert _start(tmp_path, whole, code).returncode == 0


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example.org", "null", "example.org", "https://example.org/", "ftp://a"]
)
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="ALLOWED_ORIGINS"):
        Settings.from_env({"ALLOWED_ORIGINS": f"https://app.example.org,{origin}"}, Path("/nonexistent"))
