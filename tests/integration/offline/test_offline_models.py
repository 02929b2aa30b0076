import socket
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest

from config import OFFLINE_MODELS


def test_the_four_models_are_listed_and_described(client: openai.OpenAI) -> None:
    listed = {model.id for model in client.models.list()}
    assert listed == set(OFFLINE_MODELS.values())
    assert all(client.models.retrieve(name).id == name for name in listed)


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("gpt-4o-mini")
    assert error.value.code == "model_not_found"


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_only_the_loopback_address_itself_is_served(base_url: str, host: str) -> None:
    port = urlsplit(base_url).port
    assert port
    with pytest.raises(OSError, match=r"refused|assign|reachable|timed out"):
        socket.create_connection((host, port), timeout=2)


def test_loading_and_using_every_model_contacts_nobody(client: openai.OpenAI, base_url: str, network_log: Path) -> None:
    client.embeddings.create(model="all-minilm-l6-v2", input="hello")
    client.chat.completions.create(model="offline-extractive", messages=[{"role": "user", "content": "hello"}])
    spoken = client.audio.speech.create(model="offline-voice", voice="any", input="Hello.", response_format="wav")
    client.audio.transcriptions.create(model="whisper-tiny.en", file=("hello.wav", spoken.content))
    assert set(network_log.read_text().splitlines()) == {"watching"}
