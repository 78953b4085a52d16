"""Prometheus's HTTP API, as far as facts need it. Answers are bounded; what it refuses is an answer too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from harness.client import Client
from harness.text import one_line

DEADLINE_S = 8.0
MAX_BYTES = 24 << 20


class Refused(Exception):
    """Prometheus's own words on a query that it does not answer."""


@dataclass(frozen=True)
class Api:
    """`port` on loopback."""

    port: int

    def ready(self) -> bool:
        return self._client.get("/-/ready", deadline_s=1.0).status == 200

    def get(self, path: str, **parameters: Any) -> Any:
        """The `data` of an answer. Raises Refused."""
        query = urlencode(parameters, doseq=True)
        reply = self._client.request(
            "POST" if path.startswith("query") else "GET", f"/api/v1/{path}" + (f"?{query}" if query and not path.startswith("query") else ""),
            body=query.encode() if path.startswith("query") else None, headers={"Content-Type": "application/x-www-form-urlencoded"},
            deadline_s=DEADLINE_S, max_bytes=MAX_BYTES,
        )  # fmt: skip
        try:
            said = json.loads(reply.body)
        except ValueError:
            raise Refused(f"no answer ({reply.error or reply.status})") from None
        if not isinstance(said, dict) or said.get("status") != "success":
            raise Refused(one_line(str(said.get("error", said)) if isinstance(said, dict) else "no answer", 300))
        return said["data"]

    def query(self, expr: str, at: float) -> list[dict[str, Any]]:
        """Series of an instant vector, or of a range's raw samples, at a Unix time. Raises Refused."""
        data = self.get("query", query=expr, time=at)
        return list(data["result"]) if data["resultType"] in ("vector", "matrix") else []

    def query_range(self, expr: str, start: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """Series of (Unix time, value) every `step_s`. Raises Refused."""
        return list(self.get("query_range", query=expr, start=start, end=end, step=step_s)["result"])

    @property
    def _client(self) -> Client:
        return Client("127.0.0.1", self.port)
