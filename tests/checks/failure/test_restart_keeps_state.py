from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def restarted(**facts):
    usual = {"lines_before": 1000, "lines_kept": 1000, "version_kept": 1, "retrained": 1, "exit_s": 1.0, "ready_s": 0.8}
    return faults(fault("restart_with_data", facts=usual | facts))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("kept", restarted()),
        ("kept", restarted(retrained=0, version_kept=0)),
        ("kept", restarted(lines_before=0, lines_kept=0)),
        ("partly", restarted(lines_kept=999)),
        ("partly", restarted(version_kept=0)),
        ("partly", restarted(version_kept=-1)),
        ("lost", restarted(lines_kept=0, version_kept=0)),
        ("kept", restarted(answered=50, unwritten=1)),
        ("partly", restarted(answered=50, unwritten=40)),
        ("partly", restarted(answered=50, unwritten=40, retrained=0)),
        ("lost", restarted(lines_kept=0, retrained=-1)),
        ("lost", restarted(lines_kept=0, version_kept=0, answered=50, unwritten=40)),
        ("lost", restarted(lines_before=0, version_kept=0)),
        ("lost", restarted(ready_s=-1)),
        ("not_applicable", restarted(lines_before=0, lines_kept=0, retrained=0)),
        ("lost", faults(fault("restart_with_data", failure=CANDIDATE))),
        ("unknown", faults(fault("restart_with_data", failure=GRADER))),
        ("unknown", faults(fault("restart_with_data", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_what_is_still_there(expected, evidence):
    assert level("restart_keeps_state", faults=evidence) == expected
