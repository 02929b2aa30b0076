import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHOW = """
import resource, runpy, sys
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, min(hard, int(sys.argv[1]))))
conf = runpy.run_path("web/gunicorn.conf.py")
print(conf["worker_connections"], *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("hard", "expected"), [(20_000, 10_240), (5_000, 5_000)])
def test_the_web_process_may_open_a_file_for_each_connection_as_far_as_the_system_lets_it(
    hard: int, expected: int
) -> None:
    done = subprocess.run(  # noqa: S603 (this Python, on text of this file)
        [sys.executable, "-c", SHOW, str(hard)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    connections, soft, _ = map(int, done.stdout.split())
    assert soft == expected
    assert connections < 10_240
