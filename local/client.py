"""Calls to the API on this machine."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from local.ports import LOOPBACK


class Client:
    """Talks to the web process on a port of loopback, whatever proxies the environment names."""

    def __init__(self, port: int, api_key: str = "") -> None:
        self._port, self._headers = port, {"X-API-Key": api_key} if api_key else {}

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        wait_seconds: int = 0,
    ) -> tuple[int, dict[str, Any]]:
        """Send JSON; the status and the JSON object of the answer. `wait_seconds` goes out as `Prefer: wait`.

        Raises:
            OSError: nobody answers.
        """
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if wait_seconds:
            headers["Prefer"] = f"wait={wait_seconds}"
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=wait_seconds + 10)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError(f"no JSON came back for {method} {path}") from error
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether `/readyz` says yes."""
        try:
            return self.call("GET", "/readyz")[0] == http.client.OK
        except OSError:
            return False
