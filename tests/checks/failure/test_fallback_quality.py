from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, dependency, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("informed", {"faults": faults(dependency(facts={}))}),
        ("near", {"faults": faults(dependency(facts={"brier_degraded": 0.0585}))}),
        ("worse", {"faults": faults(dependency(facts={"brier_degraded": 0.2}))}),
        ("constant", {"faults": faults(dependency(facts={"distinct_degraded": 1}))}),
        ("constant", {"faults": faults(dependency(), dependency("dependency_errors", facts={"distinct_degraded": 1}))}),
        ("informed", {"faults": faults(dependency(), dependency("dependency_errors", facts={"n_degraded": 8, "distinct_degraded": 6}))}),
        ("none", {"faults": faults(dependency(facts={"n_degraded": 3}))}),
        ("unknown", {"faults": faults(dependency(facts={"n_degraded": 40, "n_sent": 43}))}),
        ("none", {"faults": faults(dependency(failure=CANDIDATE))}),
        ("none", {"faults": faults(dependency(injected=False, facts={"hits": 0, "n_degraded": 0, "n_plain_ok": 300}))}),
        ("unknown", {"faults": faults(dependency(injected=False))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("fallback_quality", **evidence) == expected
