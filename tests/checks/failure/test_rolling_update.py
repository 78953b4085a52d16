from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def updated(**facts):
    usual = {"sent": 500, "failed": 0, "by_first": 100, "by_second": 400, "versions": 1, "unnamed": 0, "second_ready_s": 0.8, "exit_s": 1.1}
    return faults(fault("rolling_update", facts=usual | facts))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("seamless", updated()),
        ("nameless", updated(unnamed=500)),
        ("lingers", updated(exit_s=-1)),
        ("few", updated(failed=1)),
        ("alone", updated(second_ready_s=-1, by_second=0, exit_s=-1)),
        ("drops", updated(failed=2)),
        ("drops", faults(fault("rolling_update", failure=CANDIDATE))),
        ("unknown", faults(fault("rolling_update", failure=GRADER))),
        ("unknown", faults(fault("rolling_update"))),
        ("unknown", faults(fault("rolling_update", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_the_failed_requests(expected, evidence):
    assert level("rolling_update", faults=evidence) == expected
