"""Alerts to the webhook, in Alertmanager's format (version 4), beside the Prometheus rules that watch the same gauges."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import aiohttp

from fraud.metrics import Metrics

LOG = logging.getLogger("fraud.alerts")
NEVER = "0001-01-01T00:00:00Z"
TRIES = 6
DEADLINE_S = 2.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Notifier:
    """Sends changes in order, retrying with growing pauses. Nobody waits for it; a dead receiver costs alerts, not answers."""

    def __init__(self, url: str, session: aiohttp.ClientSession, metrics: Metrics) -> None:
        self.url, self.session, self.metrics = url, session, metrics
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=200)
        self.started: dict[tuple[str, str], str] = {}

    def notify(self, name: str, feature: str, firing: bool, summary: str, severity: str = "warning") -> None:
        """Queue one change. `feature` is the request field to blame, empty where none is."""
        key = (name, feature)
        starts = self.started.setdefault(key, _now())
        if not firing:
            del self.started[key]
        LOG.warning("alert %s", "firing" if firing else "resolved", extra={"alertname": name, "feature": feature, "summary": summary})
        alert = {
            "status": "firing" if firing else "resolved",
            "labels": {"alertname": name, "severity": severity, "service": "fraud-scoring"} | ({"feature": feature} if feature else {}),
            "annotations": {"summary": summary},
            "startsAt": starts,
            "endsAt": NEVER if firing else _now(),
        }
        if not self.url:
            return
        if self.queue.full():
            self.queue.get_nowait()  # the oldest news is worth least
            self.metrics.alerts.labels("failed").inc()
        self.queue.put_nowait(alert)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            alert = await self.queue.get()
            outcome = "sent" if await self._send(alert) else "failed"
            self.metrics.alerts.labels(outcome).inc()

    async def _send(self, alert: dict[str, Any]) -> bool:
        payload = {
            "version": "4", "status": alert["status"], "receiver": "fraud-scoring", "groupKey": "{}:{service='fraud-scoring'}",
            "groupLabels": {"service": "fraud-scoring"}, "commonLabels": alert["labels"], "commonAnnotations": alert["annotations"],
            "externalURL": "", "alerts": [alert],
        }
        for attempt in range(TRIES):
            try:
                async with asyncio.timeout(DEADLINE_S), self.session.post(self.url, json=payload, allow_redirects=False) as response:
                    if response.status < 300:
                        return True
                    problem = f"status {response.status}"
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                problem = repr(error)
            await asyncio.sleep(min(8.0, 0.25 * 2**attempt))
        LOG.error("alert not delivered: %s", problem)
        return False
