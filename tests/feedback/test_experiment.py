"""The experiment on a real generator and services that learn well or badly: each fault is seen as what it is, and costs what it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from checks.builders import level, sound_metrics
from tiny_service import Inbox

from challenges.loader import LoadedChallenge, load
from challenges.simulator import Drift
from feedback.learning_service import Habits, LearningService
from grader.schema.challenge import FeedbackPlan
from grader.schema.evidence import FeedbackEvidence
from harness.feedback.experiment import run
from harness.feedback.plan import Experiment, draw
from harness.load.generator import LoadGenerator

PLAN = FeedbackPlan(calm=(700, 700), concept=2000, held_out=800, inverted=700, settling=500, after=500, delay_s=(0.3, 0.9))
RATE = 450.0
CHECKS = ("live_performance", "retraining_trigger", "retraining_gain", "retraining_switch", "bad_labels_refused", "retraining_lineage")
SEED = 11

VARIANTS = {
    "sound": Habits(), "never": Habits(retrains=False, speaks=False), "gullible": Habits(guards=False), "every 200 labels": Habits(every=200),
    "two workers apart": Habits(alternates=True), "drops": Habits(drops=60), "takes no labels": Habits(status=404),
    "silent": Habits(speaks=False, names_parent=False),
}  # fmt: skip
LUCK = None
"""Half of the rows were answered by either model: whether the gain is clear depends on which half."""

EXPECTED: dict[str, tuple[str | None, ...]] = {
    "sound": ("alerted", "on_drift", "clear", "clean", "refused", "traceable"),
    "never": ("silent", "never", "none", "none", "trusted", "none"),
    "gullible": ("alerted", "on_drift", "clear", "clean", "trusted", "traceable"),
    "two workers apart": ("alerted", "on_drift", LUCK, "broken", "refused", "traceable"),
    "drops": ("alerted", "on_drift", "clear", "broken", "refused", "traceable"),
    "takes no labels": ("silent", "never", "none", "none", "trusted", "none"),
    "silent": ("silent", "on_drift", "clear", "clean", "refused", "renamed"),
}


@pytest.fixture(scope="module")
def challenge() -> LoadedChallenge:
    return load("fraud-scoring")


@pytest.fixture(scope="module")
def experiment(challenge: LoadedChallenge) -> Experiment:
    return draw(challenge.simulator(), PLAN, SEED)


@pytest.fixture(scope="module")
def stage(challenge: LoadedChallenge, experiment: Experiment) -> Iterator[Callable[[str], FeedbackEvidence]]:
    """Evidence of a variant, taken once."""
    n, simulator, taken = len(experiment.rows), challenge.simulator(), dict[str, FeedbackEvidence]()
    usual, turned = (
        {str(row.request["transaction_id"]): row.probability for row in simulator.stream(n, SEED, drift)}
        for drift in (None, Drift("concept", 1.0, ""))
    )
    with LoadGenerator() as generator:

        def evidence(name: str) -> FeedbackEvidence:
            if name not in taken:
                inbox = Inbox()
                with LearningService(usual, turned, inbox, VARIANTS[name]) as service:
                    begin = time.monotonic()
                    taken[name] = run(
                        experiment, generator, service.client, challenge, inbox, inbox, PLAN, rate_rps=RATE, since=begin
                    ).evidence
            return taken[name]

        yield evidence


@pytest.mark.parametrize("variant", EXPECTED)
def test_a_service_that_learns_is_seen_as_what_it_is(stage: Callable[[str], FeedbackEvidence], variant: str) -> None:
    evidence = stage(variant)
    assert evidence.void is None
    expected = {id: wanted for id, wanted in zip(CHECKS, EXPECTED[variant], strict=True) if wanted is not LUCK}
    assert {id: level(id, feedback=evidence, metrics=sound_metrics()) for id in expected} == expected


def test_a_version_that_changes_with_every_few_labels_is_restless(stage: Callable[[str], FeedbackEvidence]) -> None:
    evidence = stage("every 200 labels")
    assert level("retraining_trigger", feedback=evidence) == "restless"


def test_every_row_that_was_sent_is_counted_and_held_out_rows_have_no_label(stage: Callable[[str], FeedbackEvidence], experiment: Experiment) -> None:
    evidence = stage("sound")
    assert [s.name for s in evidence.segments] == ["calm", "concept", "held_out", "inverted", "settling", "after"]
    calm, concept, held_out, inverted, settling, after = evidence.segments
    assert [s.sent for s in (calm, held_out, inverted, settling, after)] == [700, 800, 700, 500, 500]
    assert concept.sent < PLAN.concept and all(s.failed == 0 for s in evidence.segments)
    assert (calm.labels_taken, inverted.labels_taken) == (700, 700) and concept.labels_taken == concept.sent
    assert held_out.labels_sent == settling.labels_sent == after.labels_sent == 0
    assert calm.versions == {"v1": 700} and set(after.versions) == {"v2"}


def test_scores_that_are_the_true_probabilities_have_no_avoidable_loss(stage: Callable[[str], FeedbackEvidence]) -> None:
    concept, held_out = stage("sound").segment("concept"), stage("sound").segment("held_out")
    assert held_out and held_out.quality and held_out.quality.excess == pytest.approx(0, abs=1e-12)
    assert held_out.quality.brier == pytest.approx(held_out.quality.reference_brier)
    assert concept and concept.by_version["v1"].excess > 0.01


def test_labels_come_late_and_a_stage_without_takers_ends_early(stage: Callable[[str], FeedbackEvidence]) -> None:
    refused = stage("takes no labels")
    assert refused.labels_refused and sum(s.sent for s in refused.segments) < 1000
    (switch,) = stage("sound").switches
    concept = stage("sound").segment("concept")
    assert concept and switch.at_s > concept.start_s + PLAN.delay_s[0]
