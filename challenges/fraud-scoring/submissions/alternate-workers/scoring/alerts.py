"""Alerts to the webhook in Alertmanager's format (version 4), through an outbox in the shared database: they survive their sender."""

from __future__ import annotations

import logging
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import msgspec

from scoring import telemetry
from scoring.state import State

LOG = logging.getLogger("scoring.alerts")
NEVER = "0001-01-01T00:00:00Z"
DEADLINE = 1.5
LONGEST_PAUSE = 8.0
KEPT = 200  # unsent alerts; the oldest news is worth least


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Outbox:
    """Used by the leader's thread alone."""

    def __init__(self, url: str, state: State) -> None:
        self.url, self.state = url, state
        self._pause, self._next_try = 0.25, 0.0

    def put(self, name: str, feature: str, firing: bool, summary: str, severity: str = "warning") -> None:
        """Queue one change, inside the transaction that records it. `feature` is the request field to blame, empty where none is."""
        started = self.state.read("alerts_started")
        key = f"{name}/{feature}"
        starts = started.setdefault(key, _now())
        if not firing:
            del started[key]
        self.state.write("alerts_started", started)
        LOG.warning("alert %s", "firing" if firing else "resolved", extra={"alertname": name, "feature": feature, "summary": summary})
        alert = {
            "status": "firing" if firing else "resolved",
            "labels": {"alertname": name, "severity": severity, "service": "fraud-scoring"} | ({"feature": feature} if feature else {}),
            "annotations": {"summary": summary},
            "startsAt": starts,
            "endsAt": NEVER if firing else _now(),
        }
        if self.url:
            self.state.db.execute("INSERT INTO outbox (body) VALUES (?)", (msgspec.json.encode(self._payload(alert)),))
            self.state.db.execute("DELETE FROM outbox WHERE seq <= (SELECT max(seq) FROM outbox) - ?", (KEPT,))

    @staticmethod
    def _payload(alert: dict[str, Any]) -> dict[str, Any]:
        return {
            "version": "4", "status": alert["status"], "receiver": "fraud-scoring", "groupKey": "{}:{service='fraud-scoring'}",
            "groupLabels": {"service": "fraud-scoring"}, "commonLabels": alert["labels"], "commonAnnotations": alert["annotations"],
            "externalURL": "", "alerts": [alert],
        }

    def send(self) -> None:
        """Send the oldest while the receiver takes them; after a failure come back later, with growing pauses."""
        while time.monotonic() >= self._next_try:
            row = self.state.db.execute("SELECT seq, body FROM outbox ORDER BY seq LIMIT 1").fetchone()
            if row is None:
                return
            if self._post(row[1]):
                self.state.db.execute("DELETE FROM outbox WHERE seq = ?", (row[0],))
                self._pause = 0.25
            else:
                self._next_try = time.monotonic() + self._pause
                self._pause = min(LONGEST_PAUSE, 2 * self._pause)

    def _post(self, body: bytes) -> bool:
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE):
                telemetry.ALERTS.labels("sent").inc()
                return True
        except urllib.error.HTTPError as error:
            telemetry.ALERTS.labels("failed").inc()
            LOG.error("alert not taken", extra={"status": error.code})
            return 400 <= error.code < 500  # it will not be taken at the next try either
        except OSError as error:
            telemetry.ALERTS.labels("failed").inc()
            LOG.error("alert not delivered", extra={"error": str(error)})
            return False
