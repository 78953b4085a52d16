"""The alert receiver: POST /webhook in Alertmanager's webhook format (version 4). Alerts are kept until the harness drains them.

The harness's own Alertmanager posts to /alertmanager/<token>. The token is told over the control line and drawn per watch, so that no
submission can post what would count as sent by its own rules.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .control import Command, Reply, serve_commands
from .http import Connections, HttpConnection, Request, json_response

PORT = 9093
MAX_ALERTS = 20_000
MAX_PER_POST = 500
MAX_LABELS = 64
MAX_LABEL_CHARS = 1024
MAX_TEXT_CHARS = 300
"""Kept of an alert's annotations."""
MAX_KEPT = 48 << 20
"""Bytes of memory for alerts in all: the container has 192 MiB, and a receiver that is killed costs the run its ground."""
MAX_DRAINED = 4 << 20
"""Of those, in one answer on the control line: as JSON they may be six times as large, and are held twice."""
ALERT_BYTES, LABEL_BYTES = 1024, 128
"""What an alert and a label cost besides their text: sixty-four labels of a letter each are ten kilobytes."""

STATUSES = ("firing", "resolved")
WEBHOOK, ALERTMANAGER = "webhook", "alertmanager"


def problem(payload: object) -> str | None:
    """Why `payload` is not an Alertmanager v4 notification; None when it is. Only what a receiver needs is demanded."""
    if not isinstance(payload, dict):
        return "the body is not a JSON object"
    if payload.get("version") != "4":
        return 'version must be "4"'
    if payload.get("status") not in STATUSES:
        return "status must be firing or resolved"
    alerts = payload.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        return "alerts must be a non-empty list"
    if len(alerts) > MAX_PER_POST:
        return f"more than {MAX_PER_POST} alerts in one notification"
    return next((f"alerts[{i}]: {why}" for i, alert in enumerate(alerts) if (why := _alert_problem(alert))), None)


def _alert_problem(alert: object) -> str | None:
    if not isinstance(alert, dict):
        return "not an object"
    if alert.get("status") not in STATUSES:
        return "status must be firing or resolved"
    labels = alert.get("labels")
    if not isinstance(labels, dict) or not isinstance(labels.get("alertname"), str) or not labels["alertname"]:
        return "labels must be an object with an alertname"
    if len(labels) > MAX_LABELS or not all(isinstance(v, str) and len(v) + len(k) <= MAX_LABEL_CHARS for k, v in labels.items()):
        return f"labels must be at most {MAX_LABELS} strings of at most {MAX_LABEL_CHARS} characters"
    if not isinstance(alert.get("annotations", {}), dict):
        return "annotations must be an object"
    if not all(isinstance(alert.get(key, ""), str) for key in ("startsAt", "endsAt")):
        return "startsAt and endsAt must be strings"
    return None


def _text(annotations: dict[str, Any]) -> str:
    """What an alert tells people, in one line: the values of its annotations in their order."""
    return " ".join(value for value in annotations.values() if isinstance(value, str))[:MAX_TEXT_CHARS]


def _size(alert: dict[str, Any]) -> int:
    """In memory: a letter takes up to four bytes."""
    labels = sum(LABEL_BYTES + sys.getsizeof(key) + sys.getsizeof(value) for key, value in alert["labels"].items())
    return ALERT_BYTES + sys.getsizeof(alert["text"]) + labels


@dataclass
class Inbox:
    """Alerts in order of arrival, each with the time of its request's last byte (CLOCK_MONOTONIC). Bounded: the oldest fall out."""

    alerts: deque[dict[str, Any]] = field(default_factory=deque)
    problems: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    sequence: int = 0
    notifications: int = 0
    rejected: int = 0
    overflowed: int = 0
    kept_bytes: int = 0
    token: str = ""
    connections: Connections = field(default_factory=Connections)

    def source_of(self, path: str) -> str | None:
        """Which sender a route belongs to; None for no route of ours. Without a token there is no second route."""
        if path.rstrip("/") == "/webhook":
            return WEBHOOK
        known = self.token and hmac.compare_digest(path.encode("latin-1"), f"/{ALERTMANAGER}/{self.token}".encode("latin-1"))
        return ALERTMANAGER if known else None

    def accept(self, body: bytes, source: str = WEBHOOK) -> str | None:
        """Store the alerts of one notification; the reason when it is refused. `source` is decided by the route, never by the body."""
        at = time.monotonic()
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return "the body is not JSON"
        if why := problem(payload):
            return why
        self.notifications += 1
        for alert in payload["alerts"]:
            self.sequence += 1
            kept = {"seq": self.sequence, "at_monotonic": at, "status": alert["status"], "labels": alert["labels"],
                    "text": _text(alert.get("annotations", {})), "source": source}  # fmt: skip
            self.alerts.append(kept)
            self.kept_bytes += _size(kept)
            while len(self.alerts) > MAX_ALERTS or self.kept_bytes > MAX_KEPT:
                self.take()
                self.overflowed += 1
        return None

    def take(self) -> dict[str, Any]:
        """The oldest alert, which is kept no longer."""
        alert = self.alerts.popleft()
        self.kept_bytes -= _size(alert)
        return alert

    def reject(self, why: str) -> None:
        self.rejected += 1
        self.problems.append(why)


class WebhookConnection(HttpConnection):
    max_body: ClassVar[int] = 256 << 10
    max_per_source: ClassVar[int] = 256

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(inbox.connections)
        self.inbox = inbox

    def handle(self, request: Request) -> None:
        status, why = self._judge(request)
        if why is not None:
            self.inbox.reject(why)
        answer = {"status": "success"} if why is None else {"error": why}
        self.reply(json_response(status, answer, keep_alive=request.keep_alive), keep_alive=request.keep_alive)

    def _judge(self, request: Request) -> tuple[int, str | None]:
        source = self.inbox.source_of(request.path)
        if source is None:
            return 404, "no such route"
        if request.method != "POST":
            return 405, "only POST"
        why = self.inbox.accept(request.body, source)
        return (200, None) if why is None else (400, why)


async def main(port: int = PORT) -> None:
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: WebhookConnection(inbox), "0.0.0.0", port, backlog=256, reuse_address=True)

    async def handle(command: Command) -> Reply:
        taken: list[dict[str, Any]] = []
        if command["op"] == "drain":
            enough = inbox.kept_bytes - MAX_DRAINED
            while inbox.alerts and len(taken) < command.get("limit", 500) and inbox.kept_bytes > enough:
                taken.append(inbox.take())
        elif command["op"] == "expect":
            inbox.token = str(command["token"])
        elif command["op"] != "stats":
            raise ValueError(f"no such command: {command['op']}")
        return {
            "alerts": taken, "left": len(inbox.alerts), "received": inbox.sequence, "notifications": inbox.notifications,
            "rejected": inbox.rejected, "overflowed": inbox.overflowed, "problems": list(inbox.problems),
        }  # fmt: skip

    async with server:
        await serve_commands(handle)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
