"""gunicorn with gevent workers: a few dripping connections block a threaded server, and none of these.

Listens on loopback. A container listens on all its addresses instead: `--bind 0.0.0.0:8000`.
"""

from config import load_or_exit

bind = f"127.0.0.1:{load_or_exit().port}"
worker_class = "gevent"
workers = 2
worker_connections = 2000
keepalive = 30
control_socket_disable = True
graceful_timeout = 10
accesslog = None  # web/access_log.py writes one without URLs
errorlog = "-"
loglevel = "warning"
