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


@pytest.mark.parametrize("port", ["8000", "9123"])
def test_the_web_process_listens_on_loopback_at_the_port_of_the_settings(port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", 'import runpy; print(runpy.run_path("web/gunicorn.conf.py")["bind"])'],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PORT": port},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == f"127.0.0.1:{port}"


IMPORT = """
import runpy, types
from redis.exceptions import ConnectionError

def start(error=None):
    def import_from_environment():
        print("imported")
        if error:
            raise error
    services = types.SimpleNamespace(api_keys=types.SimpleNamespace(import_from_environment=import_from_environment))
    conf["post_worker_init"](types.SimpleNamespace(wsgi=types.SimpleNamespace(extensions={"services": services})))

conf = runpy.run_path("web/gunicorn.conf.py")
start()
start(ConnectionError())
"""


def test_the_keys_of_the_environment_are_imported_at_the_start_unless_redis_is_away() -> None:
    command = [sys.executable, "-c", IMPORT]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 (as above)

    assert done.stdout.split() == ["imported"] * 2
