"""A part of the modes holds what was named, what that stands on, and nothing else."""

from __future__ import annotations

import pytest

from challenges.loader import load
from challenges.narrow import PART, narrow
from grader.schema.causes import UsageError
from grader.schema.challenge import Mode

SPEC = load("fraud-scoring").spec


def part(*stages: str, mode: str = "quick") -> Mode:
    return narrow(SPEC, mode, stages).modes[PART]


def test_without_stages_only_the_warm_up_is_left():
    mode = part()
    assert ([w.name for w in mode.load], mode.stress, mode.drift, mode.feedback, mode.faults) == (["warmup"], None, [], None, [])


def test_a_gapless_window_brings_the_one_that_it_follows():
    assert [w.name for w in part("load:recovery").load] == ["warmup", "spike", "recovery"]


def test_overload_brings_the_search_for_the_capacity_and_no_soak():
    plan = part("stress:overload").stress
    assert plan is not None and plan.search_s > 0 and plan.overload_s > 0 and plan.soak_s == 0


def test_what_the_mode_lacks_comes_from_the_first_mode_that_has_it():
    mode = part("fault:pause", "load:ramp", "feedback", "drift:missing")
    assert mode.faults == ["pause"] and "ramp" in [w.name for w in mode.load] and mode.feedback == SPEC.modes["standard"].feedback
    assert [kind.kind for kind in mode.drift] == ["missing"]


def test_of_a_curve_only_the_weakest_drift_that_must_be_noticed_is_left():
    (kind,) = part("drift:missing", mode="full").drift
    assert kind.severities == [0.25]
    (curve,) = part("drift:missing", "drift:curve", mode="full").drift
    assert curve.severities == [0.1, 0.25, 0.5, 1.0]


@pytest.mark.parametrize("stage", ["load", "fault:none", "drift:covariates", "stress"])
def test_a_stage_that_no_mode_has_is_refused(stage: str):
    with pytest.raises(UsageError, match="has no stage"):
        part(stage)


def test_every_named_stage_is_a_stimulus_of_the_part_and_the_digest_stays():
    stages = sorted(word for word in SPEC.modes["full"].stimuli if ":" in word)
    narrowed = narrow(SPEC, "full", stages)
    assert set(stages) <= narrowed.modes[PART].stimuli
    assert narrowed.digest == SPEC.digest and PART not in SPEC.modes
