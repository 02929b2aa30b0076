"""Entry point of the web process: `gunicorn --config web/gunicorn.conf.py web.wsgi:app`."""

from __future__ import annotations

import logs
from config import load_or_exit
from web.app import create_app

settings = load_or_exit("redis_url", "data_encryption_keys")
logs.setup(settings)
app = create_app(settings)
