"""What the monitor knows, and what it does with a record. No I/O but the model artifact and the ring of labels."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, deque
from pathlib import Path
from typing import Any

import numpy as np

from monitor import drift, learning
from monitor.labels import LabelRing
from scoring import model

LOG = logging.getLogger("monitor.watch")
WAITING = 20_000  # predictions that wait for a label: three minutes at 100/s; a real deployment joins in the warehouse
UNADOPTED = 100  # ticks after which a successor that the server does not serve is given up


class Watch:
    """One per process. Records are dicts with a `kind`:

    prediction  transaction_id, customer_id, inputs, history or null, score
    label       transaction_id, label
    tick        serving (digest of the model that the server answers with); the only one that is answered
    """

    def __init__(self, champion: model.Model, window: int, data_dir: Path) -> None:
        self.champion, self.promoted_path = champion, data_dir / "promoted.json"
        self.successor: model.Model | None = None
        self.waited = 0
        self.window: deque[drift.Row] = deque(maxlen=window)
        self.step, self.fresh = max(1, window // 2), 0
        self.reference = drift.Reference(champion.document["reference"])
        self.firing: set[str] = set()
        self.suspect = False
        self.ratios = dict.fromkeys((*self.reference.numeric, *self.reference.categories), 0.0)
        self.ring = LabelRing(data_dir / "labels.ring", len(champion.full.weights))
        self.waiting: OrderedDict[str, learning.Array] = OrderedDict()
        self.batch: list[tuple[learning.Array, int]] = []
        self.since_attempt = learning.BETWEEN_ATTEMPTS
        self.doubting = False
        self.quality: dict[str, float | None] = {"live_brier": None, "quality_z": None, "label_rate": None}
        self.counts: Counter[str] = Counter()

    def take(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The report that a tick asks for; None for other records."""
        kind = record["kind"]
        if kind == "prediction":
            self._prediction(record)
        elif kind == "label":
            self._label(record["transaction_id"], record["label"])
        else:
            self._follow(record["serving"])
            return self.report()
        return None

    def report(self) -> dict[str, Any]:
        """State as it is, and counts since the last report."""
        counts, self.counts = self.counts, Counter()
        return {
            "drift": self.ratios,
            "unexplained": self.ratios[drift.SCORE] if drift.SCORE in self.firing else 0.0,
            "evaluations": counts["evaluations"],
            "doubting": int(self.doubting),
            **self.quality,
            "labels": {name: counts[name] for name in ("joined", "unknown", "doubted")},
            "retrainings": {name: counts[name] for name in ("promoted", "refused")},
            "promoted": self.successor.digest if self.successor else None,
        }

    # ---- drift

    def _prediction(self, record: dict[str, Any]) -> None:
        inputs, history = record["inputs"], record["history"]
        self.window.append(drift.Row(record["customer_id"], inputs, history, record["score"] if history else None))
        if history:
            self.waiting[record["transaction_id"]] = np.array(self.champion.full.encode(inputs, history), dtype=np.float32)
            if len(self.waiting) > WAITING:
                self.waiting.popitem(last=False)
        self.fresh += 1
        if self.fresh >= self.step and len(self.window) == self.window.maxlen:
            self.fresh = 0
            self._evaluate()

    def _evaluate(self) -> None:
        found = self.reference.ratios(list(self.window))
        changes, self.suspect = drift.conclude(found, self.firing, self.suspect)
        self.ratios = {name: round(ratio, 4) for name, (ratio, _) in found.items()}
        self.counts["evaluations"] += 1
        for change in changes:
            (self.firing.add if change.firing else self.firing.discard)(change.feature)
            facts = {"feature": change.feature, "test": change.test, "ratio": change.ratio}
            LOG.warning("drift began" if change.firing else "drift is over", extra=facts)

    # ---- labels

    def _label(self, transaction_id: str, label: int) -> None:
        vector = self.waiting.pop(transaction_id, None)
        if vector is None:
            self.counts["unknown"] += 1
            return
        self.batch.append((vector, label))
        if len(self.batch) == learning.BATCH:
            batch, self.batch = self.batch, []
            if self._plausible(batch):
                self.ring.add(batch)
                self.since_attempt += len(batch)
                self._judge()

    def _plausible(self, batch: list[tuple[learning.Array, int]]) -> bool:
        rate, highest = sum(label for _, label in batch) / len(batch), learning.LABEL_RATE * self.champion.document["metrics"]["full"]["fraud_rate"]
        doubtful = rate > highest
        if doubtful != self.doubting:
            LOG.warning("labels doubted" if doubtful else "labels plausible again", extra={"rate": rate, "highest": highest})
        self.doubting, self.quality["label_rate"] = doubtful, rate
        self.counts["doubted" if doubtful else "joined"] += len(batch)
        return not doubtful

    def _judge(self) -> None:
        """The champion on labels that it was not trained on; a misfit calls for a challenger."""
        x, y = self.ring.since_training()
        if len(y) < learning.FEWEST_LABELS or self.successor:
            return
        recent = slice(-learning.QUALITY_WINDOW, None)
        z, blamed = learning.misfit(self.champion.full, x[recent], y[recent])
        self.quality |= {"quality_z": z, "live_brier": learning.brier(self.champion.full, x[recent], y[recent])}
        since = learning.onset(self.champion.full, x, y, blamed)
        if z > learning.TRIGGER_Z and self.since_attempt >= learning.BETWEEN_ATTEMPTS and since >= learning.TRAINING_LABELS:
            self._challenge(x[-since:], y[-since:])

    def _challenge(self, x: learning.Array, y: learning.Array) -> None:
        self.since_attempt = 0
        successor, facts = learning.challenge(self.champion, x, y)
        if successor is None:
            self.counts["refused"] += 1
            LOG.warning("challenger refused", extra=facts)
            return
        try:
            model.save(successor.document, self.promoted_path)
        except OSError as error:
            LOG.error("challenger cannot be saved", extra={"error": error.strerror})
            return
        self.counts["promoted"] += 1
        self.successor, self.waited = successor, 0
        LOG.warning("challenger promoted", extra={**facts, "model_version": successor.version})

    def _follow(self, serving: str) -> None:
        """The server decides what serves; the monitor judges that."""
        if self.successor is None:
            return
        self.waited += 1
        if serving == self.successor.digest:
            self.ring.trained()
            self.champion, self.successor = self.successor, None
        elif self.waited > UNADOPTED:
            LOG.error("successor was not adopted", extra={"model_version": self.successor.version})
            self.successor = None
