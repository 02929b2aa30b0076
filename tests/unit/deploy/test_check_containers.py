"""The checker finds a fault that is put into the real files, and says where and what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import check_containers as checker

ROOT = checker.ROOT
Services = dict[str, Any]


def compose_with(change: Callable[[Services], object]) -> list[str]:
    compose = yaml.safe_load((ROOT / checker.COMPOSE).read_text(encoding="utf-8"))
    change(compose["services"])
    return checker.compose_problems(yaml.safe_dump(compose))


def web_dockerfile_with(old: str, new: str) -> list[str]:
    text = (ROOT / "Dockerfile.web").read_text(encoding="utf-8")
    assert old in text
    return checker.dockerfile_problems("Dockerfile.web", text.replace(old, new))


def test_the_projects_own_files_are_in_order() -> None:
    assert checker.problems(ROOT) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda s: s["web"].update(prots=["8000:8000"]),
            "at $.services.web: Unevaluated properties are not allowed ('prots'",
        ),
        (
            lambda s: s["web"]["depends_on"].update(redis={"condition": "well"}),
            "at $.services.web.depends_on.redis.condit",
        ),
        (lambda s: s["qdrant"].update(ports=["6333:6333"]), "qdrant: publishes 6333:6333 to the outside"),
        (lambda s: s["redis"].update(ports=["6379"]), "redis: publishes 6379 to the outside"),
        (lambda s: s["flower"].update(ports=[{"target": 5555, "published": "5555"}]), "flower: publishes"),
        (lambda s: s["redis"].update(network_mode="host"), "redis: must not share the host's network"),
        (lambda s: s["redis"].update(networks=["data", "outside"]), "redis: must be on networks that are internal"),
        (lambda s: s["qdrant"].pop("networks"), "qdrant: must be on networks that are internal"),
        (lambda s: s["flower"]["environment"].pop("FLOWER_BASIC_AUTH"), "flower: runs without a password"),
        (lambda s: s["redis"].update(environment=["REDIS_PASSWORD"]), "redis: write its environment as NAME: value"),
        (lambda s: s["redis"]["command"].append("--requirepass x"), "redis: shows the Redis password"),
        (lambda s: s["redis"]["command"].append("${REDIS_PASSWORD:?}"), "redis: shows REDIS_PASSWORD in the process"),
        (lambda s: s["redis"].update(command=["valkey-server"]), "redis: its configuration lacks appendonly yes"),
        (lambda s: s["redis"].update(command=["valkey-server"]), "redis: its configuration lacks maxmemory-policy"),
        (lambda s: s["redis"].update(image="valkey/valkey:latest"), "redis: pin the image valkey/valkey:latest"),
        (lambda s: s["redis"].pop("user"), "redis: must not run as root"),
        (lambda s: s["web"].update(user="0:0"), "web: must not run as root"),
        (lambda s: s["beat"].pop("restart"), "beat: say what happens when it ends"),
        (lambda s: s["beat"].pop("cap_drop"), "beat: drop every capability"),
        (lambda s: s["beat"].pop("security_opt"), "beat: add security_opt"),
        (lambda s: s["beat"].pop("read_only"), "beat: make the root file system read-only"),
        (lambda s: s["beat"].update(privileged=True), "beat: must not be privileged"),
        (lambda s: s["qdrant"].pop("healthcheck"), "qdrant: has no healthcheck"),
        (lambda s: s["web"]["environment"].update(API_KEYS="${API_KEYS}"), "${API_KEYS} is empty when unset"),
        (lambda s: s["web"]["environment"].update(API_KEYS="$API_KEYS"), "${API_KEYS} is empty when unset"),
    ],
)
def test_a_broken_compose_file_is_named_in_one_sentence(change: Callable[[Services], object], expected: str) -> None:
    assert any(expected in problem for problem in compose_with(change)), compose_with(change)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("services: [", "is not valid YAML"), ("", "does not follow the Compose Specification at $")],
)
def test_a_file_that_is_no_compose_file_is_a_problem_not_a_crash(text: str, expected: str) -> None:
    (problem,) = checker.compose_problems(text)
    assert problem.startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("USER 1000:1000", "USER root", "must end as USER 1000:1000."),
        ("--require-hashes", "", "installs without --require-hashes."),
        ("COPY web/ web/", "COPY coach/ coach/", "must not copy coach: web only enqueues."),
        ("COPY web/ web/", "ADD web/ web/", "uses ADD: name each file or folder in a COPY."),
        ("WORKDIR", "ARG API_KEYS\nWORKDIR", "must not set API_KEYS: it would stay in the image's history."),
        (
            "PYTHONUNBUFFERED=1",
            "REDIS_PASSWORD=1",
            "must not set REDIS_PASSWORD: it would stay in the image's history.",
        ),
        ("HEALTHCHECK", "# HEALTHCHECK", "has no HEALTHCHECK on /livez."),
        ("FROM python:3.11.15-slim-bookworm\n", "FROM python:3\n", "pin the base image python:3 "),
    ],
)
def test_a_dockerfile_that_breaks_a_house_rule_is_named(old: str, new: str, expected: str) -> None:
    assert [problem for problem in web_dockerfile_with(old, new) if problem.startswith(expected)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (checker.COMPOSE, ".dockerignore", *checker.DOCKERFILES):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_a_folder_that_dockerignore_keeps_out_is_named_before_a_build_fails(copy: Path) -> None:
    ignore = copy / ".dockerignore"
    ignore.write_text(ignore.read_text(encoding="utf-8").replace("!safety\n", ""), encoding="utf-8")
    found = checker.problems(copy)
    assert [problem.split(":")[0] for problem in found] == ["Dockerfile.web", "Dockerfile.worker"]
    assert all("Add the line !safety there" in problem for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("\n*\n", "\n", "begin with the line *"),
        ("**/.*\n", "", "end with **/.*, **/*.key, **/*.pem"),
        ("**/*.pem\n", "**/*.pem\n!local\n", "end with **/.*, **/*.key, **/*.pem"),
        ("!web\n", "!web\n!.data\n", "lets .data in, which no image copies."),
    ],
)
def test_a_build_that_more_may_enter_than_the_images_copy_is_named(
    copy: Path, old: str, new: str, expected: str
) -> None:
    ignore = copy / ".dockerignore"
    text = ignore.read_text(encoding="utf-8")
    assert old in text
    ignore.write_text(text.replace(old, new), encoding="utf-8")
    assert [problem for problem in checker.problems(copy) if problem.startswith(f".dockerignore: {expected}")]


def test_hadolint_sees_both_dockerfiles(copy: Path) -> None:
    with (copy / "Dockerfile.worker").open("a", encoding="utf-8") as file:
        file.write("RUN cd /tmp\n")
    assert [problem for problem in checker.problems(copy) if "Dockerfile.worker" in problem and "DL3003" in problem]
