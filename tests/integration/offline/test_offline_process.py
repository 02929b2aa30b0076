import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from config import Settings
from offline.process import OfflineServerError, running, started


def settings(tmp_path: Path, **environment: str) -> Settings:
    return Settings.from_env({"DATA_DIR": str(tmp_path), **environment}, dotenv=tmp_path / "none")


def test_a_configured_model_api_is_used_as_it_is(tmp_path: Path) -> None:
    with running(settings(tmp_path, OPENAI_BASE_URL="http://models.example/v1")) as url:
        assert url == "http://models.example/v1"


def test_the_server_runs_inside_the_block_without_faults_and_ends_with_it(tmp_path: Path) -> None:
    with running(settings(tmp_path)) as url:
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
        client.embeddings.create(model="all-minilm-l6-v2", input="fine", extra_headers={"X-Fault": "500"})
        assert httpx.get(f"{url.removesuffix('/v1')}/_faults").status_code == 404
    address = urlsplit(url)
    assert address.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", address.port), timeout=2)


def test_a_key_file_closes_the_server_to_others(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("sesame\n")
    key_file.chmod(0o600)
    with started("--api-key-file", str(key_file)) as url:
        assert openai.OpenAI(base_url=url, api_key="sesame").models.list().data
        for header in ("Bearer wrong", "Bearer sésame", "sesame", ""):
            response = httpx.get(f"{url}/models", headers={b"Authorization": header.encode()})
            assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


def test_a_server_that_cannot_start_says_where_its_log_is(tmp_path: Path) -> None:
    with pytest.raises(OfflineServerError, match="its log is in ") as error, started("--api-key-file", str(tmp_path)):
        pass
    log = Path(str(error.value).rpartition("its log is in ")[2].rstrip("."))
    assert "cannot be read" in log.read_text()
    log.unlink()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "offline", *arguments], capture_output=True, text=True, check=False, timeout=30
    )


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("sesame")
    key_file.chmod(0o644)
    ended = command("--port", "0", "--api-key-file", str(key_file))
    assert ended.returncode != 0
    assert "chmod 600" in ended.stderr


def test_a_busy_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ended = command("--port", str(port))
    assert ended.returncode != 0
    assert ended.stderr.strip() == f"Port {port} cannot be used: choose a free one with --port, or 0."
