"""What a process needs to do jobs: the clients of the models and the index, and the runner."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import openai

from coach.coach import Coach
from config import Settings
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.errors import RagError
from store.health import Health
from store.ledger import Ledger
from workers.audio import Decoder
from workers.breaker import Breaker
from workers.heartbeat import Heartbeat
from workers.runner import Runner
from workers.speech import Speech
from workers.stages import Tools

log = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0
_TRIES, _PAUSE_SECONDS = 60, 0.5  # then the first job has to
_LEARN_SECONDS = 20.0  # for a request


class Coaching:
    """The part of a process that coaches. Importing it takes seconds, which a process that only delivers saves."""

    def __init__(self, settings: Settings, ledger: Ledger, heartbeat: Heartbeat, health: Health) -> None:
        self._client = openai.OpenAI(api_key=settings.openai_api_key, base_url=settings.openai_base_url, max_retries=0)
        self._health = health
        self.retriever = open_retriever(
            embedder=Embedder(self._client, settings.openai_embedding_model),
            data_dir=settings.data_dir,
            qdrant_url=settings.qdrant_url,
            qdrant_api_key=settings.qdrant_api_key,
        )
        self._coach = Coach(
            self._client, settings.openai_model, self.retriever, settings.safety_locale, settings.data_dir
        )
        tools = Tools(
            coach=self._coach,
            speech=Speech(self._client, settings.openai_transcription_model, settings.openai_speech_model),
            breaker=Breaker(),
            decoder=Decoder(settings.max_audio_seconds),
            english_only=settings.openai_transcription_model.endswith(".en"),  # as Whisper names such models
        )
        self.runner = Runner(ledger=ledger, heartbeat=heartbeat, tools=tools)

    def warm_up(self) -> None:
        """Load the index now, so that the first job need not wait. Without one, jobs wait until there is.

        What the coach learns of the embedding model is learnt aside: the model may not be up yet.
        """
        threading.Thread(target=self._learn, daemon=True).start()
        try:
            self.retriever.refresh()
        except RagError as error:
            log.warning("worker.no_index", extra={"reason": type(error).__name__})

    def _learn(self) -> None:
        for _ in range(_TRIES):
            try:
                self._coach.learn(_LEARN_SECONDS)
            except openai.OpenAIError:
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def check_dependencies(self) -> None:
        """Record what only a worker can see: whether the index can be searched and the model API answers."""
        self._health.record("qdrant", _answers(self.retriever.ping))
        self._health.record("model_api", _answers(lambda: self._client.models.list(timeout=_CHECK_SECONDS)))


def _answers(call: Callable[[], object]) -> bool:
    try:
        call()
    except (RagError, openai.OpenAIError):
        return False
    return True
