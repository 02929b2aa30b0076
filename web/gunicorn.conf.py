"""gunicorn with gevent workers: a few dripping connections block a threaded server, and none of these.

Listens on loopback. A container listens on all its addresses instead: `--bind 0.0.0.0:8000`.
"""

import _thread
import os
import resource
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

import logs
from config import load_or_exit

_settings = load_or_exit()
logs.setup(_settings)

bind = f"127.0.0.1:{_settings.port}"
worker_class = "web.worker.Worker"
logger_class = "web.worker.Log"
workers = 2
worker_connections = 10_000  # most of them wait for news of a job, which costs a greenlet each
keepalive = 30
control_socket_disable = True
# Whom X-Forwarded-* is believed is up to TRUSTED_PROXIES alone; gunicorn would believe whoever asks from loopback.
forwarded_allow_ips = ""
graceful_timeout = 3  # a request takes milliseconds; who only waits comes back
accesslog = None  # web/access_log.py writes one without URLs
errorlog = "-"
loglevel = "warning"

# A file descriptor for each connection, and some for Redis and logs. 10,240 is also the most that macOS grants.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, min(_hard, 10_240)), _hard))

# When the master is killed, the port is free for the next one only when its workers have ended too. gunicorn has them
# look for it every second; this pipe tells them at once, since its other end is open in the master alone.
_end_of_master, _master = os.pipe()


def post_fork(_server: Any, _worker: Any) -> None:
    """Run in each new worker, before gevent is in place: the thread is one of the system's, not a greenlet."""
    os.close(_master)
    _thread.start_new_thread(_end_with_master, ())


def post_worker_init(worker: Any) -> None:
    """Import `API_KEYS` now, so that a key taken out of it loses its jobs at the start, not with the next request."""
    with suppress(RedisError):  # the first request will
        worker.wsgi.extensions["services"].api_keys.import_from_environment()


def _end_with_master() -> None:
    os.read(_end_of_master, 1)
    os._exit(0)
