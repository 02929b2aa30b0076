"""A webhook receiver that remembers what it heard, and fails now and then."""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener:
    """Listens on loopback, and answers a share of the requests with 500.

    `heard`: job id -> (status, webhook id) of each event about it, repeated ones too.
    """

    def __init__(self, fails: float, rng: random.Random | None = None) -> None:
        self.heard: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._fails = fails
        self._rng = rng or random.Random(0)  # noqa: S311 (no secret)
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is http.server's
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(listener._hear(event, self.headers["webhook-id"]))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _hear(self, event: dict[str, Any], webhook_id: str) -> int:
        if self._rng.random() < self._fails:
            return 500
        if event["type"].startswith("job."):
            self.heard[event["data"]["id"]].append((event["data"]["status"], webhook_id))
        return 204

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
