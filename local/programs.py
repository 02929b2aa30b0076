"""What runs: the processes of the Procfile, and the embedded parts that the settings leave to us."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from config import STACK_FILE, Settings
from local import private_file, valkey
from local.ports import LOOPBACK, free_port
from local.supervisor import DRAIN_SECONDS, FIRST, THEN, Program

ROOT = Path(__file__).resolve().parent.parent


def of_procfile() -> dict[str, Program]:
    """The lines of the Procfile by name, run by this Python from whatever folder."""
    programs = {}
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
        name, _, command = line.partition(": ")
        words = [str(ROOT / word) if "/" in word and (ROOT / word).is_file() else word for word in command.split()]
        # Celery's beat now and then misses a SIGTERM that comes while it publishes; it holds nothing worth waiting for.
        grace = 2 if "beat" in words else DRAIN_SECONDS
        programs[name] = Program(name, [sys.executable, "-m", *words], THEN, grace)
    return programs


@dataclass
class Embedded:
    """The parts that run beside the Procfile's, and where they will listen."""

    programs: list[Program] = field(default_factory=list)
    offline_port: int = 0  # 0 = not ours to run
    where: dict[str, str] = field(default_factory=dict)

    def publish(self, data_dir: Path) -> None:
        """Tell every process that starts from now on; `config` reads this file."""
        lines = "".join(f"{name}={value}\n" for name, value in self.where.items())
        private_file.write(data_dir / STACK_FILE, lines)


def embedded(settings: Settings, data_dir: Path, *, faults: bool) -> Embedded:
    """Valkey when `REDIS_URL` is empty, the offline models when no model API is configured; nothing is started.

    Raises:
        LocalError: this machine has no Valkey and no Redis.
    """
    parts = Embedded()
    if not settings.redis_url:
        launch = valkey.prepare(data_dir, free_port())
        parts.programs.append(Program("valkey", launch.argv, FIRST))
        parts.where["REDIS_URL"] = launch.url
    if settings.offline:
        parts.offline_port, token = free_port(), secrets.token_urlsafe(32)
        key_file = data_dir / "run" / "offline.key"
        private_file.write(key_file, token)
        argv = [sys.executable, "-m", "offline", "--port", str(parts.offline_port), "--api-key-file", str(key_file)]
        parts.programs.append(Program("offline", [*argv, "--faults"] if faults else argv, FIRST))
        parts.where |= {"OPENAI_BASE_URL": f"http://{LOOPBACK}:{parts.offline_port}/v1", "OPENAI_API_KEY": token}
    return parts
