import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_web_process_names_everything_it_cannot_start_without(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", "import web.wsgi"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78
    assert "REDIS_URL" in done.stderr and "DATA_ENCRYPTION_KEYS" in done.stderr
    assert "Traceback" not in done.stderr
