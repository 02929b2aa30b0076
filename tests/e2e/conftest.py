"""One whole stack for all end-to-end tests: the code path of `make run`, on free ports, with faults allowed."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import openai
import pytest
import trustme

from local.stack import Stack, running
from tests.e2e.client import KEYS, Client

PLENTY = "10000"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority of the webhook receivers."""
    return trustme.CA()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[Stack]:
    data_dir: Path = tmp_path_factory.mktemp("stack")
    authorities = tmp_path_factory.mktemp("certificates") / "authority.pem"
    authority.cert_pem.write_to_path(str(authorities))
    env = {
        "API_KEYS": ",".join(KEYS),
        "RATE_LIMIT_SESSIONS_PER_HOUR": PLENTY,
        "RATE_LIMIT_MESSAGES_PER_HOUR": PLENTY,
        "RATE_LIMIT_VOICE_PER_HOUR": PLENTY,
        "MAX_SESSIONS_PER_API_KEY": PLENTY,
        "LOG_LEVEL": "DEBUG",
        "WEBHOOK_ALLOW_HTTP_HOSTS": "localhost",  # receivers of the tests: on loopback, any port
        "WEBHOOK_RETRY_SECONDS": "1,1,1",
        "SSL_CERT_FILE": str(authorities),
    }
    with running(data_dir, env, faults=True) as ready:
        yield ready


@pytest.fixture
def client(stack: Stack) -> Client:
    return Client(stack)


@pytest.fixture(scope="session")
def say_aloud(stack: Stack) -> Callable[[str], bytes]:
    """Speech as 16 kHz mono PCM, made by the offline voice."""
    model = openai.OpenAI(base_url=stack.settings.openai_base_url, api_key=stack.settings.openai_api_key)

    def say(text: str) -> bytes:
        answer = model.audio.speech.create(
            input=text, model=stack.settings.openai_speech_model, voice="alloy", response_format="wav"
        )
        with wave.open(io.BytesIO(answer.read())) as file:
            rate, pcm = file.getframerate(), file.readframes(file.getnframes())
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate = rate
        resampler = av.AudioResampler("s16", "mono", 16_000)
        parts = [*resampler.resample(frame), *resampler.resample(None)]
        return b"".join(bytes(part.planes[0])[: part.samples * 2] for part in parts)

    return say


@pytest.fixture(scope="session")
def speech(say_aloud: Callable[[str], bytes]) -> bytes:
    return say_aloud("I would like to walk more, but my knees feel stiff in the morning.")
