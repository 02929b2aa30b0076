"""A real gunicorn with our configuration, whose master is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from local import ports

ROOT = Path(__file__).parents[3]
# In the place of the application: workers that are busy for ever and so never look whether their master lives.
BUSY = "import os, pathlib, time; pathlib.Path(f'worker-{os.getpid()}').touch(); time.sleep(600)"


def test_busy_workers_of_a_killed_master_leave_the_port_to_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(BUSY)
    port = ports.free_port()
    with subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "web" / "gunicorn.conf.py"), "busy:app"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PORT": str(port)},
        start_new_session=True,
    ) as master:
        try:
            _wait(lambda: len(list(tmp_path.glob("worker-*"))) == 2)
            assert ports.obstacle(port)

            master.kill()

            _wait(lambda: not ports.obstacle(port))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(master.pid, signal.SIGKILL)


def _wait(condition: Callable[[], object], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)
