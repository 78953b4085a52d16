"""Late labels: live quality, and a challenger trained on them when the champion no longer fits.

The champion fits while its residuals are unrelated to its inputs. The score (Lagrange multiplier) test asks exactly that, per input:
z = sum((y - p) x) / sqrt(sum(p (1 - p) x^2)), ~ N(0, 1) under the champion whatever the mix of inputs, so one threshold fits all traffic,
concept drift included, which no look at inputs alone can find. Past it, a challenger is fitted on the labels since the estimated onset,
pulled towards the champion, and promoted only if it beats the champion on labels that it was not fitted on. Labels whose rate cannot be
(a join gone wrong) are set aside in batches before anything looks at them. This is a stop-gap until the weekly pipeline has run on full
data; see RUNBOOK.md.
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
QUALITY_WINDOW = 1_000  # newest labels that are judged
FEWEST_LABELS = 500  # for a judgement of a champion
BATCH = 50  # labels that are checked, taken and judged together
LABEL_RATE = 5.0  # times the training data's fraud rate: more in a batch is no fraud but a wrong join; by chance 1 batch in 10 million
TRIGGER_Z = 4.8  # worst of ~40 inputs, looked at again and again; on 300 sound streams of 1,200 labels the highest was 4.1
ALL_CLEAR_Z = 4.0
KEPT_LABELS = 3_000  # newest labels kept for a challenger
TRAINING_LABELS = 700  # since the onset, before a challenger is tried: fewer gave one that was no better than the champion
BETWEEN_ATTEMPTS = 300  # labels
MARGIN = 0.02  # a challenger must lower the champion's Brier score by this share
EPOCHS, RATE = 15, 0.05
RIDGE = 6.0  # prior of a weight around the champion's: standard deviation 0.4
Labelled = tuple[array, int]  # encoded input, label


class Learner:
    """Joins labels to predictions and owns the champion's succession. `promote` is called in the loop with the new champion."""

    def __init__(self, metrics: Metrics, promote: Callable[[model.Model], None], notify: Callable[[str, bool, str], None]) -> None:
        self.metrics, self.promote, self.notify = metrics, promote, notify
        self.champion: model.Model | None = None
        self.waiting: OrderedDict[str, array[float]] = OrderedDict()
        self.labelled: deque[Labelled] = deque(maxlen=KEPT_LABELS)
        self.batch: list[Labelled] = []
        self.unseen = 0  # labels that the champion was not trained on
        self.since_attempt = BETWEEN_ATTEMPTS
        self.alerting = self.doubting = False
        self.task: asyncio.Task[None] | None = None

    def remember(self, transaction_id: str, vector: list[float]) -> None:
        """Keep what the full model was given until its label comes; the oldest give way."""
        self.waiting[transaction_id] = array("d", vector)
        if len(self.waiting) > REMEMBERED:
            self.waiting.popitem(last=False)

    def label(self, transaction_id: str, label: int) -> bool:
        """Take a label; False if its prediction is not (or no longer) remembered. May start a judgement, and that a retraining."""
        vector = self.waiting.pop(transaction_id, None)
        self.metrics.feedback.labels("false" if vector is None else "true").inc()
        if vector is None:
            return False
        self.batch.append((vector, label))
        if len(self.batch) == BATCH:
            batch, self.batch = self.batch, []
            self._take(batch)
        return True

    def _take(self, batch: list[Labelled]) -> None:
        """A whole batch of labels, or none of it."""
        if self.champion is None or not self._plausible(batch, self.champion):
            return
        self.labelled.extend(batch)
        self.unseen += len(batch)
        self.since_attempt += len(batch)
        busy = self.task is not None and not self.task.done()
        if self.unseen >= FEWEST_LABELS and not busy:
            self.task = asyncio.get_running_loop().create_task(self._judge())

    def _plausible(self, batch: list[Labelled], champion: model.Model) -> bool:
        rate, highest = sum(y for _, y in batch) / len(batch), LABEL_RATE * champion.document["metrics"]["full"]["fraud_rate"]
        self.metrics.label_rate.set(rate)
        doubtful = rate > highest
        if doubtful:
            self.metrics.feedback.labels("doubted").inc(len(batch))
        if doubtful != self.doubting:
            self.doubting = doubtful
            self.notify("LabelRate", doubtful, f"{rate:.0%} of the last {len(batch)} labels say fraud, {highest:.0%} is the most that can be")
        return not doubtful

    async def _judge(self) -> None:
        champion = self.champion
        if champion is None:
            return
        rows = list(self.labelled)[-self.unseen :]  # older ones are the world that the champion fits
        z, blamed, live_brier = await misfit(champion.full, rows[-QUALITY_WINDOW:])
        self.metrics.quality_z.set(z)
        self.metrics.live_brier.set(live_brier)
        bad = z > TRIGGER_Z
        if bad != self.alerting and (bad or z < ALL_CLEAR_Z):
            self.alerting = bad
            name = [*champion.document["full"]["inputs"], "all inputs alike"][blamed]
            self.notify("ModelQuality", bad, f"live Brier {live_brier:.4f}; labels and scores disagree most on {name}, z = {z:.1f}")
        if bad and self.since_attempt >= BETWEEN_ATTEMPTS:
            since = rows[-onset(champion.full, rows, blamed) :]
            if len(since) >= TRAINING_LABELS:
                self.since_attempt = 0
                await self._challenge(champion, since)

    async def _challenge(self, champion: model.Model, rows: list[Labelled]) -> None:
        """Champion against challenger on labels that it did not see, two halves in turn; promotes one fitted on all, or refuses, and says so."""
        halves = rows[::2], rows[1::2]
        rivals = [await fit(champion.full, half) for half in halves]
        before = brier(champion.full, rows)
        after = (brier(rivals[0], halves[1]) * len(halves[1]) + brier(rivals[1], halves[0]) * len(halves[0])) / len(rows)
        facts = {"champion": champion.version, "champion_brier": round(before, 5), "challenger_brier": round(after, 5), "labels": len(rows)}
        if after > before * (1 - MARGIN) or champion is not self.champion:
            self.metrics.retrainings.labels("refused").inc()
            LOG.warning("challenger refused", extra=facts)
            return
        successor = succeed(champion, await fit(champion.full, rows), facts)
        self.metrics.retrainings.labels("promoted").inc()
        LOG.warning("challenger promoted", extra={**facts, "model_version": successor.version})
        self.unseen = 0
        self.promote(successor)


def onset(linear: model.Linear, rows: list[Labelled], blamed: int) -> int:
    """How many of the newest rows lie after the change: where the blamed input's misfit, summed backwards, is largest."""
    best, count, slope, variance = 0.0, len(rows), 0.0, 0.0
    for back, (vector, y) in enumerate(reversed(rows), 1):
        p, x = linear.probability(vector), (*vector, 1.0)[blamed]
        slope, variance = slope + (y - p) * x, variance + p * (1 - p) * x * x
        if back % BATCH == 0 and variance > 2.0 and abs(slope) / sqrt(variance) > best:
            best, count = abs(slope) / sqrt(variance), back
    return count


async def misfit(linear: model.Linear, rows: list[Labelled]) -> tuple[float, int, float]:
    """(worst |z| of the score test, index of its input or of the intercept after them, Brier score), in slices below a millisecond."""
    inputs = len(linear.weights) + 1
    slope, variance, third, squares = [0.0] * inputs, [0.0] * inputs, [0.0] * inputs, 0.0
    for done, (vector, y) in enumerate(rows):
        p, full = linear.probability(vector), (*vector, 1.0)
        residual, spread = y - p, p * (1 - p)
        squares += residual * residual
        slope = [s + residual * x for s, x in zip(slope, full, strict=True)]
        variance = [v + spread * x * x for v, x in zip(variance, full, strict=True)]
        third = [t + spread * (1 - 2 * p) * x * x * x for t, x in zip(third, full, strict=True)]
        if done % 40 == 39:
            await asyncio.sleep(0.001)
    # under 2 expected frauds' worth of variance one odd row would decide
    z = [unskewed(s / sqrt(v), t / v**1.5) if v > 2.0 else 0.0 for s, v, t in zip(slope, variance, third, strict=True)]
    worst = max(z)
    return worst, z.index(worst), squares / len(rows)


def unskewed(z: float, skewness: float) -> float:
    """|z| as a normal variable would have it, by Cornish and Fisher's first term: frauds of a rare category are counted in single figures, and
    nine of them where two were expected (z = 5) come by chance as often as a normal z of 3.5."""
    towards = skewness if z > 0 else -skewness
    if towards < 1e-6:  # the thin tail: |z| says no more than is true
        return abs(z)
    return (sqrt(1 + 2 * towards / 3 * (abs(z) + towards / 6)) - 1) / (towards / 3)


def brier(linear: model.Linear, rows: list[Labelled]) -> float:
    return sum((linear.probability(vector) - y) ** 2 for vector, y in rows) / len(rows)


async def fit(start: model.Linear, rows: list[Labelled]) -> model.Linear:
    """Logistic regression by Adagrad from `start`, pulled towards it. Works in slices below a millisecond, so serving goes on in between."""
    bias, weights, anchor = start.bias, list(start.weights), start.weights
    pull = RIDGE / len(rows)
    grown = [1e-6] * (len(weights) + 1)
    order, rng = list(range(len(rows))), Random(0)
    for _ in range(EPOCHS):
        rng.shuffle(order)
        for first in range(0, len(order), 50):
            batch = order[first : first + 50]
            slope, intercept = [pull * (w - a) for w, a in zip(weights, anchor, strict=True)], 0.0
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
        "lineage": {
            **old["lineage"],
            "parent": {"version": champion.version, "digest": champion.digest},
            "shipped": old["lineage"].get("shipped", champion.digest),  # after a rollout of another artifact this one has no claim
        },
    }
    document["version"] = f"{champion.version.split('+')[0]}+fb.{model.digest(document)[:8]}"
    document["digest"] = model.digest(document)
    return replace(champion, version=document["version"], digest=document["digest"], full=full, document=document)
