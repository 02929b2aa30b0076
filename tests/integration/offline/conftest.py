from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from offline.process import started

# Loaded by every Python process that finds it on its path: notes each address outside this machine that it turns to.
WATCH = """
import sys

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        host = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = host[0] if isinstance(host, tuple) else host
        if host not in ("127.0.0.1", "localhost", None):
            with open({log!r}, "a") as log:
                print(event, host, file=log)

sys.addaudithook(note)
with open({log!r}, "a") as log:
    print("watching", file=log)
"""


@pytest.fixture(scope="session")
def network_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server of `base_url` did on the network: a line `watching` a process, and one for each attempt."""
    return tmp_path_factory.mktemp("offline") / "network.log"


@pytest.fixture(scope="session")
def base_url(network_log: Path) -> Iterator[str]:
    """One server, with faults, for all tests of this folder."""
    (network_log.parent / "sitecustomize.py").write_text(WATCH.format(log=str(network_log)))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(network_log.parent))
        with started("--faults") as url:
            yield url


@pytest.fixture(scope="session")
def client(base_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)
