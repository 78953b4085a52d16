from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


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
