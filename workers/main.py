"""Entry point of every Celery process: `celery -A workers.main worker|beat|flower`."""

from __future__ import annotations

import os

from config import load_or_exit
from workers.app import create_app

settings = load_or_exit("redis_url", "openai_base_url", "data_encryption_keys")
# Flower reads its own variables; ours are the documented ones.
os.environ.setdefault("FLOWER_BASIC_AUTH", settings.flower_basic_auth)
os.environ.setdefault("FLOWER_PORT", str(settings.flower_port))
app = create_app(settings)
