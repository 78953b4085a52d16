"""Late labels: live quality, and a challenger trained on them when the champion no longer keeps its promises.

Quality is judged by Spiegelhalter's z: under a calibrated model (y - p)^2 has a known mean and variance, whatever the mix of inputs, so
one threshold fits all traffic. Past it, a challenger is fitted on older labelled predictions, starting from the champion, and promoted
only if it beats the champion on newer ones. This is a stop-gap until the weekly pipeline has run on full data; see RUNBOOK.md.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from math import exp, sqrt
from random import Random
from typing import Any

from fraud import model
from fraud.metrics import Metrics

LOG = logging.getLogger("fraud.learning")
REMEMBERED = 30_000  # predictions waiting for a label: five minutes at 100/s; a real deployment joins in the warehouse
QUALITY_WINDOW = 500
TRIGGER_Z = 4.0
TRAINING_LABELS = 1_500  # newest labels used for a challenger
FEWEST_LABELS = 600
BETWEEN_ATTEMPTS = 500  # labels
HELD_OUT = 0.3
MARGIN = 0.02  # a challenger must lower the champion's Brier score by this share
EPOCHS, RATE, PULL = 40, 0.05, 1e-3


class Learner:
    """Joins labels to predictions and owns the champion's succession. `promote` is called in the loop with the new champion."""

    def __init__(self, metrics: Metrics, promote: Callable[[model.Model], None], notify: Callable[[bool, str], None]) -> None:
        self.metrics, self.promote, self.notify = metrics, promote, notify
        self.champion: model.Model | None = None
        self.waiting: OrderedDict[str, array[float]] = OrderedDict()
        self.recent: deque[tuple[float, int]] = deque(maxlen=QUALITY_WINDOW)
        self.labelled: deque[tuple[array[float], int]] = deque(maxlen=TRAINING_LABELS)
        self.since_attempt = BETWEEN_ATTEMPTS
        self.alerting = False
        self.task: asyncio.Task[None] | None = None

    def remember(self, transaction_id: str, vector: list[float]) -> None:
        """Keep what the full model was given until its label comes; the oldest give way."""
        self.waiting[transaction_id] = array("d", vector)
        if len(self.waiting) > REMEMBERED:
            self.waiting.popitem(last=False)

    def label(self, transaction_id: str, label: int) -> bool:
        """Take a label; False if its prediction is not (or no longer) remembered. May start a retraining."""
        vector = self.waiting.pop(transaction_id, None)
        self.metrics.feedback.labels("false" if vector is None else "true").inc()
        if vector is None or self.champion is None:
            return False
        self.recent.append((self.champion.full.probability(vector), label))  # how good today's champion is, whoever answered then
        self.labelled.append((vector, label))
        self.since_attempt += 1
        if len(self.recent) == QUALITY_WINDOW and self.since_attempt % 50 == 0:
            self._judge()
        return True

    def _judge(self) -> None:
        z, brier = spiegelhalter(list(self.recent))
        self.metrics.quality_z.set(z)
        self.metrics.live_brier.set(brier)
        bad = z > TRIGGER_Z
        if bad != self.alerting and (bad or z < TRIGGER_Z / 2):
            self.alerting = bad
            self.notify(bad, f"live Brier {brier:.4f} over {QUALITY_WINDOW} labels, z = {z:.1f}")
        busy = self.task is not None and not self.task.done()
        if bad and not busy and len(self.labelled) >= FEWEST_LABELS and self.since_attempt >= BETWEEN_ATTEMPTS:
            self.since_attempt = 0
            self.task = asyncio.get_running_loop().create_task(self.retrain())

    async def retrain(self) -> None:
        """Champion against challenger on the newest labels; promotes or refuses, and says so."""
        champion, rows = self.champion, list(self.labelled)
        if champion is None:
            return
        cut = round(len(rows) * (1 - HELD_OUT))
        challenger = await fit(champion.full, rows[:cut])
        before, after = brier(champion.full, rows[cut:]), brier(challenger, rows[cut:])
        facts = {"champion": champion.version, "champion_brier": round(before, 5), "challenger_brier": round(after, 5), "labels": len(rows)}
        if after > before * (1 - MARGIN) or champion is not self.champion:
            self.metrics.retrainings.labels("refused").inc()
            LOG.warning("challenger refused", extra=facts)
            return
        successor = succeed(champion, challenger, facts)
        self.metrics.retrainings.labels("promoted").inc()
        LOG.warning("challenger promoted", extra={**facts, "model_version": successor.version})
        self.recent.clear()
        self.promote(successor)


def spiegelhalter(pairs: list[tuple[float, int]]) -> tuple[float, float]:
    """(z, Brier score) of (probability, label) pairs; z ~ N(0, 1) when the probabilities are right."""
    excess = sum((y - p) ** 2 - p * (1 - p) for p, y in pairs)
    variance = sum((1 - 2 * p) ** 2 * p * (1 - p) for p, y in pairs)
    return excess / sqrt(variance or 1.0), sum((y - p) ** 2 for p, y in pairs) / len(pairs)


def brier(linear: model.Linear, rows: list[tuple[array[float], int]]) -> float:
    return sum((linear.probability(vector) - y) ** 2 for vector, y in rows) / len(rows)


async def fit(start: model.Linear, rows: list[tuple[array[float], int]]) -> model.Linear:
    """Logistic regression by Adagrad from `start`, pulled towards it. Works in slices below a millisecond, so serving goes on in between."""
    bias, weights, anchor = start.bias, list(start.weights), start.weights
    grown = [1e-6] * (len(weights) + 1)
    order, rng = list(range(len(rows))), Random(0)
    for _ in range(EPOCHS):
        rng.shuffle(order)
        for first in range(0, len(order), 50):
            batch = order[first : first + 50]
            slope, intercept = [PULL * (w - a) for w, a in zip(weights, anchor, strict=True)], 0.0
            for i in batch:
                vector, y = rows[i]
                logit = bias + sum([w * x for w, x in zip(weights, vector, strict=True)])
                error = (1 / (1 + exp(-min(30.0, max(-30.0, logit)))) - y) / len(batch)
                intercept += error
                slope = [s + error * x for s, x in zip(slope, vector, strict=True)]
            grown = [g + s * s for g, s in zip(grown, (*slope, intercept), strict=True)]
            weights = [w - RATE * s / sqrt(g) for w, s, g in zip(weights, slope, grown, strict=False)]
            bias -= RATE * intercept / sqrt(grown[-1])
            await asyncio.sleep(0.002)
    return replace(start, weights=tuple(round(w, 6) for w in weights), bias=round(bias, 6))


def succeed(champion: model.Model, full: model.Linear, facts: dict[str, Any]) -> model.Model:
    """A new artifact in memory: the challenger's weights, the champion's everything else, and lineage back to it."""
    old = champion.document
    document = {
        **old,
        "full": {**old["full"], "weights": list(full.weights), "bias": full.bias},
        "metrics": {**old["metrics"], "feedback": {key: value for key, value in facts.items() if key != "champion"}},
        "lineage": {**old["lineage"], "parent": {"version": champion.version, "digest": champion.digest}},
    }
    document["version"] = f"{champion.version.split('+')[0]}+fb.{model.digest(document)[:8]}"
    document["digest"] = model.digest(document)
    return replace(champion, version=document["version"], digest=document["digest"], full=full, document=document)
