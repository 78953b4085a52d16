from __future__ import annotations

import pytest

from checks.builders import DEGRADED, GRADER, dependency, fault, faults, judge, level


def test_a_breaker_is_told_and_costs_nothing():
    found = judge("dependency_flapping", faults=faults(dependency("dependency_flapping", facts={"hits_down": 4, "n_sent_down": 150})))
    assert found.level == "fallback"
    assert "4 calls for 150 requests while it was down (a breaker)" in found.observed


def test_answers_that_stay_degraded_after_the_dependency_is_well_are_no_full_pass():
    for_ever = fault("dependency_flapping", (2.0, {}), (7.0, {"degraded": 1.0, "p95": 70}), facts=DEGRADED)
    assert level("dependency_flapping", faults=faults(for_ever)) == "stuck"


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fallback", {"faults": faults(dependency("dependency_flapping", {"degraded": 1.0, "p95": 70}))}),
        ("slow", {"faults": faults(dependency("dependency_flapping", {"degraded": 1.0, "p95": 1500}))}),
        ("sheds", {"faults": faults(dependency("dependency_flapping", {"shed": 1.0}))}),
        ("partly", {"faults": faults(dependency("dependency_flapping", {"failed": 0.4}))}),
        ("fails", {"faults": faults(dependency("dependency_flapping", {"failed": 1.0}))}),
        ("fails", {"faults": faults(dependency("dependency_flapping", {}, injected=False, facts={"hits": 0, "n_degraded": 0, "n_plain_ok": 300}))}),
        ("unknown", {"faults": faults(dependency("dependency_flapping", {}, injected=False))}),
        ("unknown", {"faults": faults(dependency("dependency_flapping", {}, failure=GRADER))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("dependency_flapping", **evidence) == expected
