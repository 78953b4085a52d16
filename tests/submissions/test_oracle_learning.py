"""The reference learner on the simulator's streams, without a container: calm in calm, quick and better after concept drift, deaf to wrong labels."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from challenges import loader
from challenges.simulator import Drift, Row, Simulator

SEEDS = range(20)
PLAN = loader.load("fraud-scoring").spec.modes["standard"].feedback
WITHIN = 1_400
"""Labels of the turned relation by which it should have retrained: with the delay of labels and a slow fit under load still within the bound."""


@dataclass
class Story:
    """What the learner did on one stream. Counts are of labels since the part began."""

    calm: list[str] = field(default_factory=list)
    calm_alerts: list[str] = field(default_factory=list)
    retrained_after: int | None = None
    gain: float = 0.0
    inverted: list[str] = field(default_factory=list)
    doubted: bool = False


@pytest.fixture(scope="module")
def stories(oracle: SimpleNamespace, simulator: Simulator) -> list[Story]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle.learning, "asyncio", SimpleNamespace(sleep=_at_once, get_running_loop=asyncio.get_running_loop, Task=asyncio.Task))
        return [asyncio.run(_live_through(oracle, simulator, 51_000 + seed)) for seed in SEEDS]


async def _at_once(_seconds: float) -> None:
    """No pause: nobody is served meanwhile."""


async def _live_through(oracle: SimpleNamespace, simulator: Simulator, seed: int) -> Story:
    assert PLAN is not None
    promoted: list[str] = []
    alerts: list[str] = []

    def promote(new: Any) -> None:
        learner.champion = new
        promoted.append(new.version)

    learner = oracle.learning.Learner(oracle.metrics.Metrics(), promote, lambda name, bad, _text: alerts.append(f"{name} {bad}"))
    learner.champion = oracle.shipped
    calm, n = PLAN.calm[1], PLAN.calm[1] + PLAN.concept + PLAN.held_out + PLAN.inverted
    usual, turned = simulator.stream(n, seed), simulator.stream(n, seed, Drift("concept", PLAN.severity, ""))
    held_out = turned[calm + PLAN.concept :][: PLAN.held_out]
    story = Story()
    for row in usual[:calm]:
        await _tell(learner, row, row.label)
    story.calm, story.calm_alerts = list(promoted), list(alerts)
    for count, row in enumerate(turned[calm : calm + PLAN.concept], 1):
        await _tell(learner, row, row.label)
        if len(promoted) > len(story.calm):
            story.retrained_after = count
            break
    story.gain = 1 - _avoidable(learner.champion, held_out) / _avoidable(oracle.shipped, held_out)
    known = len(promoted)
    for row in turned[-PLAN.inverted :]:
        await _tell(learner, row, 1 - row.label)
    story.inverted, story.doubted = promoted[known:], "LabelRate True" in alerts
    return story


async def _tell(learner: Any, row: Row, label: int) -> None:
    id = str(row.request["transaction_id"])
    learner.remember(id, learner.champion.full.encode(row.request, row.features))
    assert learner.label(id, label)
    if learner.task is not None and not learner.task.done():
        await learner.task


def _avoidable(model: Any, rows: list[Row]) -> float:
    """Mean squared distance of the score from the true probability."""
    return sum((model.full.probability(model.full.encode(r.request, r.features)) - r.probability) ** 2 for r in rows) / len(rows)


def test_in_calm_it_neither_alerts_nor_retrains(stories: list[Story]) -> None:
    assert [story.calm + story.calm_alerts for story in stories] == [[]] * len(stories)


def test_after_concept_drift_it_retrains_soon_and_every_time(stories: list[Story], record_property: pytest.RecordProperty) -> None:
    took = [story.retrained_after for story in stories]
    record_property("labels", took)
    assert all(labels is not None and labels <= WITHIN for labels in took), took


def test_the_successor_is_rid_of_at_least_two_fifths_of_the_avoidable_loss(stories: list[Story], record_property: pytest.RecordProperty) -> None:
    gains = [round(story.gain, 2) for story in stories]
    record_property("gains", gains)
    assert min(gains) >= 0.4, gains


def test_inverted_labels_are_doubted_and_train_nothing(stories: list[Story]) -> None:
    assert [story.inverted for story in stories] == [[]] * len(stories)
    assert all(story.doubted for story in stories)
