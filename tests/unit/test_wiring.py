"""What belongs together stays together: queues, variables, imports."""

import ast
import pkgutil
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import yaml

from config import Settings
from store import keys
from workers.app import create_app

ROOT = Path(__file__).parents[2]
PACKAGES = ("store", "safety", "webhooks", "rag", "coach", "workers", "web", "offline", "local")
DERIVED = {"offline"}  # fields that no variable sets
COMPOSE_ONLY = {"REDIS_PASSWORD"}  # read by docker-compose.yml, which makes REDIS_URL of it


def _queues(words: list[str]) -> set[str]:
    return set(words[words.index("-Q") + 1].split(",")) if "-Q" in words else set()


def test_every_queue_is_consumed_in_the_procfile() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    consumed = set().union(*(_queues(shlex.split(line.partition(":")[2])) for line in lines))

    assert consumed == set(keys.QUEUES)


def test_every_queue_is_consumed_in_compose() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    commands = [service["command"] for service in services if "celery" in service.get("command", ())]

    assert set().union(*(_queues(command) for command in commands)) == set(keys.QUEUES)


def test_every_task_goes_to_a_queue_that_is_consumed() -> None:
    settings = Settings.from_env({"REDIS_URL": "redis://127.0.0.1:9/0"}, Path("/nonexistent"))
    app = create_app(settings)

    assert {entry["options"]["queue"] for entry in app.conf.beat_schedule.values()} == set(keys.QUEUES)
    assert app.conf.task_default_queue in keys.QUEUES


def test_every_variable_of_the_example_is_read_and_every_one_read_is_in_the_example() -> None:
    text = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", text, flags=re.MULTILINE))
    read = {field.name.upper() for field in fields(Settings)} - {name.upper() for name in DERIVED}

    assert documented - COMPOSE_ONLY == read


def test_every_variable_is_in_the_readme_table() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [f.name for f in fields(Settings) if f.name not in DERIVED and f"`{f.name.upper()}`" not in readme]

    assert missing == []


def test_config_and_logs_import_nothing_of_the_house() -> None:
    for name, allowed in (("config.py", set()), ("logs.py", {"config"})):
        tree = ast.parse((ROOT / name).read_text())
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {module.split(".")[0] for module in imported} & {*PACKAGES, "config", "logs"} <= allowed


_IMPORT_ALL = """
import importlib, os, sys

def no_sockets(event, arguments):
    if event in ("socket.connect", "socket.bind"):
        raise AssertionError(f"{event} while importing")

ROOT, modules = sys.argv[1], sys.argv[2:]
original = os.environ.get

def get(name, default=None):
    caller = sys._getframe(1).f_code.co_filename
    if caller.startswith(ROOT + "/") and "/.venv/" not in caller:
        raise AssertionError(f"{name} read while importing")
    return original(name, default)

os.environ.get = get
sys.addaudithook(no_sockets)
for module in modules:
    importlib.import_module(module)
"""


def test_importing_any_module_opens_no_socket_and_reads_no_environment() -> None:
    entry_points = {"workers.main", "web.wsgi", "workers.decode_child"}
    modules = ["config", "logs"]
    for package in PACKAGES:
        found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        modules += [module.name for module in found if not module.name.endswith("__main__")]
    modules = [module for module in modules if module not in entry_points]

    command = [sys.executable, "-c", _IMPORT_ALL, str(ROOT), *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 (our own)

    assert done.returncode == 0, done.stderr
