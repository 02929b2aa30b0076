"""gunicorn with gevent workers: a few dripping connections block a threaded server, and none of these.

Listens on loopback. A container listens on all its addresses instead: `--bind 0.0.0.0:8000`.
"""

import resource

from config import load_or_exit

bind = f"127.0.0.1:{load_or_exit().port}"
worker_class = "gevent"
workers = 2
worker_connections = 10_000  # most of them wait for news of a job, which costs a greenlet each
keepalive = 30
control_socket_disable = True
graceful_timeout = 3  # a request takes milliseconds; who only waits comes back
accesslog = None  # web/access_log.py writes one without URLs
errorlog = "-"
loglevel = "warning"

# A file descriptor for each connection, and some for Redis and logs. 10,240 is also the most that macOS grants.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, min(_hard, 10_240)), _hard))
