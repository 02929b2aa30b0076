"""Checks the Dockerfiles and `docker-compose.yml` without a Docker engine; run by `make lint`.

Three kinds of check: hadolint on both Dockerfiles, the official JSON schema of the Compose Specification
(`compose_schema/`), and the rules of this house that neither of them knows.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SCHEMA = HERE / "compose_schema" / "compose-spec.json"
COMPOSE = "docker-compose.yml"
DOCKERFILES = ("Dockerfile.web", "Dockerfile.worker")

LOOPBACK_ONLY = ("redis", "qdrant", "flower")
INSIDE = ("redis", "qdrant")
PROBED = ("redis", "qdrant", "flower")  # web brings its HEALTHCHECK in its Dockerfile; workers cannot answer a ping
SECRET_OF = {"redis": "REDIS_PASSWORD", "qdrant": "QDRANT__SERVICE__API_KEY", "flower": "FLOWER_BASIC_AUTH"}
REDIS_LINES = ("appendonly yes", "appendfsync always", "maxmemory-policy noeviction", "requirepass ")
SECRET_FILES = ("**/.*", "**/*.key", "**/*.pem")
NOT_IN_WEB = ("coach", "rag", "workers", "offline", "knowledge")

_TAG = re.compile(r":v?\d+\.\d+\S*$")
_VARIABLE = re.compile(r"(?<!\$)\$(?:\{(\w+)([^}]*)\}|(\w+))")  # `$$` is a dollar sign left to the container
_SECRET_NAME = re.compile(r"PASSWORD|KEY|AUTH|SECRET|REDIS_URL")

Service = dict[str, Any]


def problems(root: Path) -> list[str]:
    """Every problem in the container files of `root`, one sentence each that starts with the file's name."""
    found = [f"{COMPOSE}: {problem}" for problem in compose_problems((root / COMPOSE).read_text(encoding="utf-8"))]
    texts = {name: (root / name).read_text(encoding="utf-8") for name in DOCKERFILES}
    ignore = (root / ".dockerignore").read_text(encoding="utf-8")
    found += [f".dockerignore: {problem}" for problem in dockerignore_problems(ignore, texts.values())]
    allowed = {line[1:] for line in ignore.splitlines() if line.startswith("!")}
    for name, text in texts.items():
        found += [f"{name}: {problem}" for problem in dockerfile_problems(name, text)]
        found += [
            f"{name}: copies {source}, which .dockerignore keeps out of the build. Add the line !{source} there."
            for source in copied(text)
            if source not in allowed
        ]
    return found + hadolint_problems(root)


def compose_problems(text: str) -> list[str]:
    """What is wrong with a compose file: syntax and schema first, the house rules once those hold."""
    try:
        compose = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [f"is not valid YAML: {' '.join(str(error).split())}"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if errors := list(Draft202012Validator(schema).iter_errors(compose)):
        # A wrong value deep down also makes every property above it "unevaluated": the deepest error is the cause.
        cause = best_match([max(errors, key=lambda error: len(error.absolute_path))])
        assert cause is not None  # noqa: S101 (it was given one error)
        return [f"does not follow the Compose Specification at {cause.json_path}: {cause.message[:300]}"]
    found = [
        f"{name}: {problem}"
        for name, service in compose.get("services", {}).items()
        for problem in (*_hardening(service), *_exposure(name, service), *_secrets(name, service))
    ]
    services, networks = compose.get("services", {}), compose.get("networks", {})
    return found + _redis(services) + _inside(services, networks) + _unset_variables(text)


def _hardening(service: Service) -> Iterator[str]:
    if "build" not in service and not _TAG.search(service.get("image", "")):
        yield f"pin the image {service.get('image')} by a version tag such as :1.2.3."
    if "restart" not in service:
        yield "say what happens when it ends: restart: unless-stopped, or restart: 'no' for a job that runs once."
    if service.get("cap_drop") != ["ALL"]:
        yield "drop every capability: cap_drop: [ALL]."
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield 'add security_opt: ["no-new-privileges:true"].'
    if service.get("read_only") is not True:
        yield "make the root file system read-only: read_only: true."
    if service.get("privileged"):
        yield "must not be privileged."
    user = str(service.get("user", "" if "build" in service else "root"))  # a built image names its own, see below
    if re.match(r"(root|0)(:|$)", user):
        yield "must not run as root: name a user by number."


def _exposure(name: str, service: Service) -> Iterator[str]:
    if name in LOOPBACK_ONLY:
        if service.get("network_mode") == "host":
            yield "must not share the host's network."
        for port in service.get("ports", []):
            address = port.get("host_ip", "") if isinstance(port, dict) else str(port)
            if not address.startswith("127.0.0.1"):
                yield f"publishes {port} to the outside: publish no port, or one that starts with 127.0.0.1."
    if name in PROBED and "test" not in service.get("healthcheck", {}):
        yield "has no healthcheck, so nothing can wait for it."


def _secrets(name: str, service: Service) -> Iterator[str]:
    environment = service.get("environment", {})
    if not isinstance(environment, dict):
        yield "write its environment as NAME: value, not as a list."
    elif name in SECRET_OF and not environment.get(SECRET_OF[name]):
        yield f"runs without a password: set {SECRET_OF[name]} in its environment."
    arguments = json.dumps([service.get("command"), service.get("entrypoint"), service.get("healthcheck")])
    for braced, _, bare in _VARIABLE.findall(arguments):
        if _SECRET_NAME.search(braced or bare):
            yield f"shows {braced or bare} in the process arguments: pass it in the environment and write $$ before it."
    if "--requirepass" in arguments:
        yield "shows the Redis password in the process arguments: give the configuration on standard input."


def _redis(services: dict[str, Service]) -> list[str]:
    command = json.dumps(services.get("redis", {}).get("command", ""))
    return [f"redis: its configuration lacks {line.strip()}." for line in REDIS_LINES if line not in command]


def _inside(services: dict[str, Service], networks: dict[str, Any]) -> list[str]:
    """Redis and Qdrant talk to the other containers and to nobody else, nor could they send anything away."""
    internal = {name for name, network in networks.items() if (network or {}).get("internal") is True}
    return [
        f"{name}: must be on networks that are internal: true, and on no other."
        for name in INSIDE
        if name in services and not (set(services[name].get("networks", ["default"])) <= internal)
    ]


def _unset_variables(text: str) -> list[str]:
    """A variable without a default or a message silently becomes an empty password."""
    uses = sorted({(braced or bare, rest) for braced, rest, bare in _VARIABLE.findall(text)})
    return [
        f"${{{name}}} is empty when unset: write ${{{name}:?what to do}} or ${{{name}:-default}}."
        for name, rest in uses
        if not rest.startswith((":?", ":-"))
    ]


def dockerfile_problems(name: str, text: str) -> list[str]:
    """What the house asks of a Dockerfile beyond hadolint."""
    found = []
    if re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1:] != ["1000:1000"]:
        found.append("must end as USER 1000:1000.")
    if "--require-hashes" not in text:
        found.append("installs without --require-hashes.")
    if re.search(r"^ADD ", text, re.MULTILINE):
        found.append("uses ADD: name each file or folder in a COPY.")
    found += [
        f"must not set {name}: it would stay in the image's history. Give it to the container in its environment."
        for words in re.findall(r"^(?:ARG|ENV) ((?:.*\\\n)*.*)$", text, re.MULTILINE)
        for name in re.findall(r"^\w+|\w+(?==)", words)
        if _SECRET_NAME.search(name)
    ]
    found += [
        f"pin the base image {image} by a version tag such as :3.11.15-slim-bookworm."
        for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE)
        if not _TAG.search(image)
    ]
    if name == "Dockerfile.web":
        found += [f"must not copy {folder}: web only enqueues." for folder in copied(text) if folder in NOT_IN_WEB]
        if not re.search(r"^HEALTHCHECK ", text, re.MULTILINE):
            found.append("has no HEALTHCHECK on /livez.")
    return found


def dockerignore_problems(text: str, dockerfiles: Iterable[str]) -> list[str]:
    """What may enter a build that no image asks for: https://docs.docker.com/build/concepts/context/#dockerignore-files."""
    rules = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [] if rules[:1] == ["*"] else ["begin with the line *, so that nothing enters a build unless it is named."]
    opened = [at for at, rule in enumerate(rules) if rule.startswith("!")]
    if not set(SECRET_FILES) <= set(rules[max(opened, default=0) + 1 :]):
        found.append(f"end with {', '.join(SECRET_FILES)}, so that no secret enters from a folder that is copied.")
    wanted = {source for dockerfile in dockerfiles for source in copied(dockerfile)}
    return found + [f"lets {rules[at][1:]} in, which no image copies." for at in opened if rules[at][1:] not in wanted]


def copied(dockerfile: str) -> list[str]:
    """The files and folders that COPY takes from the build context, without trailing slashes."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
    words = [word for line in lines for word in line.split()[:-1]]
    return [word.rstrip("/") for word in words if not word.startswith("--")]


def hadolint_problems(root: Path) -> list[str]:
    """What hadolint, installed beside this interpreter, says about both Dockerfiles."""
    binary = Path(sys.executable).parent / "hadolint"
    if not binary.is_file():
        return ["hadolint is not installed in this environment: install requirements-dev.txt."]
    command = [str(binary), "--no-color", *DOCKERFILES]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 (fixed arguments)
    return (run.stdout + run.stderr).splitlines() if run.returncode else []


def main() -> int:
    """Print every problem; the exit code is 1 if there is any."""
    found = problems(ROOT)
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"containers: {COMPOSE} and {', '.join(DOCKERFILES)} are in order")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
