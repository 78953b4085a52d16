from __future__ import annotations

import pytest

from checks.builders import GRADER, dependency, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fallback", {"faults": faults(dependency("dependency_reset", {"degraded": 1.0, "p95": 70}))}),
        ("slow", {"faults": faults(dependency("dependency_reset", {"degraded": 1.0, "p95": 1500}))}),
        ("sheds", {"faults": faults(dependency("dependency_reset", {"shed": 1.0}))}),
        ("partly", {"faults": faults(dependency("dependency_reset", {"failed": 0.4}))}),
        ("fails", {"faults": faults(dependency("dependency_reset", {"failed": 1.0}))}),
        ("fails", {"faults": faults(dependency("dependency_reset", {}, injected=False, facts={"hits": 0, "n_degraded": 0, "n_plain_ok": 300}))}),
        ("unknown", {"faults": faults(dependency("dependency_reset", {}, injected=False))}),
        ("unknown", {"faults": faults(dependency("dependency_reset", {}, failure=GRADER))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("dependency_reset", **evidence) == expected
