"""The one of the workers that watches the service as a whole: drift, labels, retraining, alerts.

Every worker has this thread; the one that holds the file lock leads. The kernel gives the lock back when its holder dies, however it dies,
and another worker goes on from what the database says.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from typing import Any

import msgspec
import numpy as np

from scoring import drift, learning, model, telemetry
from scoring.alerts import Outbox
from scoring.settings import Settings
from scoring.state import State

LOG = logging.getLogger("scoring.leader")
EVERY = 0.1
PRUNE_EVERY = 2.0
AFTER_TROUBLE = 1.0
PAGE = 1_000  # labels read at once
LABEL_DELAY = 0.5  # a label may be committed by one worker before the other has committed its prediction


class Leader:
    """`start` returns at once; the thread waits for leadership, then works until `stop`."""

    def __init__(self, settings: Settings, state: State, serving: model.Serving) -> None:
        """`serving` is this thread's own: the routes have another."""
        self.settings, self.state, self.serving = settings, state, serving
        self.outbox = Outbox(settings.alert_webhook_url, state)
        self._reference: tuple[str, drift.Reference] | None = None
        self._prune_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(3.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with (self.settings.data_dir / "leader.lock").open("w") as lock:
                    self._follow_and_lead(lock.fileno())
            except OSError as error:
                LOG.error("nobody can lead without the lock file", extra={"error": error.strerror})
                self._stop.wait(AFTER_TROUBLE)

    def _follow_and_lead(self, lock: int) -> None:
        while not self._take(lock):
            if self._stop.wait(EVERY):
                return
        LOG.info("leading", extra={"worker": os.getpid()})
        while not self._stop.wait(EVERY):
            try:
                self.work()
            except sqlite3.Error as error:
                LOG.error("shared state unusable", extra={"error": str(error)})
                self._stop.wait(AFTER_TROUBLE)
            except Exception:
                LOG.exception("monitor failed")  # and goes on with the next window: a bug here must not blind the service for good
                self._stop.wait(AFTER_TROUBLE)

    @staticmethod
    def _take(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def work(self) -> None:
        """One turn: everything that is due."""
        champion = self.serving.current()
        if champion is not None:
            self._watch_drift(champion)
            self._take_labels()
        self.outbox.send()
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY
            self.state.prune()

    # ---- drift

    def _watch_drift(self, champion: model.Model) -> None:
        known, newest, window = self.state.read("drift"), self.state.newest(), self.settings.drift_window
        if newest < known.get("next", window):
            return
        rows = self._window(window)
        if len(rows) < window:
            return
        found = self._reference_of(champion).ratios(rows)
        firing = set(known.get("firing", ()))
        changes, suspect = drift.conclude(found, firing, known.get("suspect", False))
        with self.state.transaction():
            for change in changes:
                (firing.add if change.firing else firing.discard)(change.feature)
                self._announce(change)
            self.state.write("drift", {
                "next": newest + max(1, window // 2), "firing": sorted(firing), "suspect": suspect,
                "ratios": {name: round(ratio, 4) for name, (ratio, _) in found.items()},
            })
        telemetry.EVALUATIONS.inc()

    def _window(self, size: int) -> list[drift.Row]:
        cursor = self.state.db.execute("SELECT customer_id, inputs, history, score FROM prediction ORDER BY seq DESC LIMIT ?", (size,))
        decode = msgspec.json.decode
        return [drift.Row(customer, decode(inputs), decode(history) if history else None, score) for customer, inputs, history, score in cursor]

    def _reference_of(self, champion: model.Model) -> drift.Reference:
        if self._reference is None or self._reference[0] != champion.digest:
            self._reference = champion.digest, drift.Reference(champion.document["reference"])
        return self._reference[1]

    def _announce(self, change: drift.Change) -> None:
        text = f"{change.feature}: {change.test} test at {change.ratio:.2f} of its critical value over {self.settings.drift_window} requests"
        if change.feature == drift.SCORE:
            self.outbox.put("ScoreDrift", "", change.firing, text)
        else:
            self.outbox.put("FeatureDrift", change.feature, change.firing, text)

    # ---- labels

    def _take_labels(self) -> None:
        """Whole batches of joined labels: the implausible are set aside, the others are judged."""
        known = self.state.read("labels")
        pairs = self.state.db.execute(
            "SELECT l.seq, l.label, p.vector FROM label l LEFT JOIN prediction p ON p.transaction_id = l.transaction_id"
            " WHERE l.seq > ? AND l.taken < ? ORDER BY l.seq LIMIT ?", (known.get("cursor", 0), time.time() - LABEL_DELAY, PAGE),
        ).fetchall()
        batch: list[tuple[bytes, int]] = []
        unknown = 0
        for seq, label, vector in pairs:
            unknown += vector is None
            if vector is not None:  # a degraded answer's label says nothing about the full model
                batch.append((vector, label))
            if len(batch) == learning.BATCH and (champion := self.serving.current()):  # a batch may change the champion
                known = self._take_batch(champion, known, batch, unknown, seq)
                batch, unknown = [], 0
        if len(pairs) == PAGE and unknown + len(batch) == PAGE:  # nobody we know: do not read them again and again
            telemetry.FEEDBACK.labels("unknown").inc(unknown)
            self.state.write("labels", {**known, "cursor": pairs[-1][0]})

    def _take_batch(self, champion: model.Model, known: dict[str, Any], batch: list[tuple[bytes, int]], unknown: int, seq: int) -> dict[str, Any]:
        rate = sum(label for _, label in batch) / len(batch)
        highest = learning.LABEL_RATE * champion.document["metrics"]["full"]["fraud_rate"]
        doubtful = rate > highest
        telemetry.FEEDBACK.labels("unknown").inc(unknown)
        telemetry.FEEDBACK.labels("doubted" if doubtful else "joined").inc(len(batch))
        known = {"since_attempt": learning.BETWEEN_ATTEMPTS, **known, "cursor": seq}
        with self.state.transaction() as db:
            if doubtful != known.get("doubting", False):
                text = f"{rate:.0%} of the last {len(batch)} labels say fraud, {highest:.0%} is the most that can be"
                self.outbox.put("LabelRate", "", doubtful, text, "critical")
                known["doubting"] = doubtful
            if not doubtful:
                db.executemany("INSERT INTO joined (vector, label) VALUES (?, ?)", batch)
                known["since_attempt"] += len(batch)
            self.state.write("quality", {**self.state.read("quality"), "fraud_label_rate": rate})
            self.state.write("labels", known)
        return known if doubtful else self._judge(champion, known)

    def _judge(self, champion: model.Model, known: dict[str, Any]) -> dict[str, Any]:
        """The champion on labels that it was not trained on; a misfit calls for a challenger."""
        cursor = self.state.db.execute("SELECT vector, label FROM joined WHERE seq > ? ORDER BY seq", (known.get("trained_to", 0),))
        rows = cursor.fetchall()
        if len(rows) < learning.FEWEST_LABELS:
            return known
        x = np.array([np.frombuffer(vector, dtype=np.float32) for vector, _ in rows], dtype=float)
        y = np.array([label for _, label in rows], dtype=float)
        recent = slice(-learning.QUALITY_WINDOW, None)
        z, blamed = learning.misfit(champion.full, x[recent], y[recent])
        live = learning.brier(champion.full, x[recent], y[recent])
        alerting = known.get("alerting", False)
        bad = z > learning.TRIGGER_Z
        with self.state.transaction():
            self.state.write("quality", {**self.state.read("quality"), "fraud_live_brier": live, "fraud_quality_z": z})
            if bad != alerting and (bad or z < learning.ALL_CLEAR_Z):
                known["alerting"] = bad
                name = [*champion.document["full"]["inputs"], "all inputs alike"][blamed]
                self.outbox.put("ModelQuality", "", bad, f"live Brier {live:.4f}; labels and scores disagree most on {name}, z = {z:.1f}", "critical")
            self.state.write("labels", known)
        since = learning.onset(champion.full, x, y, blamed)
        if bad and known["since_attempt"] >= learning.BETWEEN_ATTEMPTS and since >= learning.TRAINING_LABELS:
            return self._challenge(champion, known, x[-since:], y[-since:])
        return known

    def _challenge(self, champion: model.Model, known: dict[str, Any], x: learning.Array, y: learning.Array) -> dict[str, Any]:
        successor, facts = learning.challenge(champion, x, y)
        known = {**known, "since_attempt": 0}
        if successor is None:
            LOG.warning("challenger refused", extra=facts)
        else:
            model.save(successor.document, self.serving.promoted)  # from here on every worker answers with it
            LOG.warning("challenger promoted", extra={**facts, "model_version": successor.version})
            known["trained_to"] = self.state.db.execute("SELECT max(seq) FROM joined").fetchone()[0]
        telemetry.RETRAININGS.labels("refused" if successor is None else "promoted").inc()
        self.state.write("labels", known)
        return known
