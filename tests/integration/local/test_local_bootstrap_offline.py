"""The setup of `.venv` with the real venv and pip, cut off from every package index."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CUT_OFF = {
    "PIP_CONFIG_FILE": os.devnull,  # no index, find-links or proxy of this machine
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_RETRIES": "0",
}


def test_a_machine_without_network_is_told_in_one_sentence_and_left_without_a_finished_venv(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    shutil.copy(ROOT / "local" / "bootstrap.py", tmp_path / "local")
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    command = [sys.executable, "local/bootstrap.py", "requirements.txt", "--", "-c", "print('went on')"]

    done = subprocess.run(  # noqa: S603 (our own script)
        command, cwd=tmp_path, env={"PATH": os.environ["PATH"], **CUT_OFF}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("The Python package index cannot be reached")
    assert done.stderr.count("\n") == 1
    assert "went on" not in done.stdout
    assert (tmp_path / ".venv" / "install.log").exists()
    assert not (tmp_path / ".venv" / "installed.json").exists()
