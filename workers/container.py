"""Composition root of a worker process: every client is built here, once, when the first task asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import openai

from coach.coach import Coach
from config import Settings
from rag.build import open_retriever
from rag.embedding import Embedder
from rag.errors import RagError
from store.client import connect
from store.crypto import Vault
from store.health import Health
from store.ledger import Ledger
from store.sessions import Sessions
from workers.breaker import Breaker
from workers.heartbeat import Heartbeat
from workers.life import Life
from workers.runner import Runner
from workers.speech import Speech

log = logging.getLogger(__name__)

_CHECK_SECONDS = 5.0


class Container:
    """What the tasks of one process share."""

    def __init__(self, settings: Settings) -> None:
        redis = connect(settings.redis_url, answer_seconds=5)
        vault = Vault(settings.data_encryption_keys)
        self.client = openai.OpenAI(api_key=settings.openai_api_key, base_url=settings.openai_base_url, max_retries=0)
        self.retriever = open_retriever(
            embedder=Embedder(self.client, settings.openai_embedding_model),
            data_dir=settings.data_dir,
            qdrant_url=settings.qdrant_url,
            qdrant_api_key=settings.qdrant_api_key,
        )
        self.ledger = Ledger(redis, vault, settings)
        self.sessions = Sessions(redis, vault, settings)
        self.health = Health(redis)
        heartbeat = Heartbeat(self.ledger)
        self.life = Life(heartbeat=heartbeat, ledger=self.ledger, ping=redis.ping, slots=settings.worker_slots)
        self.runner = Runner(
            ledger=self.ledger,
            heartbeat=heartbeat,
            coach=Coach(self.client, settings.openai_model, self.retriever, settings.safety_locale),
            speech=Speech(self.client, settings.openai_transcription_model, settings.openai_speech_model),
            breaker=Breaker(),
            max_audio_seconds=settings.max_audio_seconds,
            free_of_charge=settings.offline,
        )

    def warm_up(self) -> None:
        """Load the index now, so that the first job need not wait. Without one, jobs wait until there is."""
        try:
            self.retriever.refresh()
        except RagError as error:
            log.warning("worker.no_index", extra={"reason": type(error).__name__})

    def check_dependencies(self) -> None:
        """Record what only a worker can see: whether the index can be searched and the model API answers."""
        self.health.record("qdrant", _answers(self.retriever.ping))
        self.health.record("model_api", _answers(lambda: self.client.models.list(timeout=_CHECK_SECONDS)))


def _answers(call: Callable[[], object]) -> bool:
    try:
        call()
    except (RagError, openai.OpenAIError):
        return False
    return True
