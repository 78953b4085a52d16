from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, judge, level


def released(**facts):
    return faults(fault("bad_rollout", facts={"second_ready": 0, "sent": 600, "failed": 0, "rollback_s": 0.0} | facts))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("holds", released()),
        ("holds", released(failed=1)),
        ("holds", released(second_ready=1)),
        ("holds", released(second_ready=1, second_opened=1)),
        ("ignores", released(second_ready=1, second_opened=0)),
        ("rolls_back", released(second_ready=1, failed=150, rollback_s=0.2)),
        ("breaks", released(second_ready=1, failed=150, rollback_s=-1)),
        ("breaks", released(second_ready=1, failed=150, rollback_s=11)),
        ("breaks", faults(fault("bad_rollout", failure=CANDIDATE))),
        ("unknown", faults(fault("bad_rollout", failure=GRADER))),
        ("unknown", faults(fault("bad_rollout"))),
        ("unknown", faults(fault("bad_rollout", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_what_reached_users(expected, evidence):
    assert level("bad_rollout", faults=evidence) == expected


FALLBACKS = [(3.0, {}), (2.0, {"degraded": 1.0}), (4.0, {})]


def beside(**facts):
    """What the experiment that asks such containers alone saw of a random file."""
    return fault("bad_model", facts={"copy_served": 1, "corrupt_ready": 1, "corrupt_valid": 5, "corrupt_own": 0} | facts)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (released(second_ready=1, second_valid=150, second_rank=0.03), "no better than chance"),
        (released(second_ready=1, second_valid=150, second_rank=0.03, failed=3), "no better than chance"),
        (faults(fault("bad_rollout", *FALLBACKS, facts={"second_ready": 1, "sent": 600, "failed": 0})), "were fallbacks"),
        (faults(beside(), *released(second_ready=1).faults), "not the image's own"),
    ],
)
def test_answers_that_no_model_gave_are_no_way_to_hold(evidence, why):
    finding = judge("bad_rollout", faults=evidence)
    assert finding.level == "makes_up" and why in finding.observed


@pytest.mark.parametrize(
    "evidence",
    [
        released(second_ready=1, second_valid=150, second_rank=0.7),
        faults(beside(corrupt_own=1), *released(second_ready=1).faults),
        faults(beside(copy_served=0), *released(second_ready=1).faults),
        faults(beside(), *released(second_ready=0).faults),
        faults(fault("bad_rollout", (3.0, {}), (2.0, {"degraded": 0.3}), (4.0, {}), facts={"second_ready": 1, "sent": 600, "failed": 0})),
        faults(fault("bad_rollout", (9.0, {"degraded": 1.0}), facts={"second_ready": 1, "sent": 600, "failed": 0, "degraded_before": 1.0})),
    ],
    ids=["the image's own model", "its own by name", "own version unknown", "never ready", "a busy start", "flagged throughout"],
)
def test_the_image_s_own_model_in_the_place_of_a_broken_one_holds(evidence):
    assert level("bad_rollout", faults=evidence) == "holds"
