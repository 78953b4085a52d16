from __future__ import annotations

import pytest

from checks.builders import GRADER, dependency, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fallback", {"faults": faults(dependency("dependency_nan", {"degraded": 1.0, "p95": 70}))}),
        ("slow", {"faults": faults(dependency("dependency_nan", {"degraded": 1.0, "p95": 1500}))}),
        ("sheds", {"faults": faults(dependency("dependency_nan", {"shed": 1.0}))}),
        ("passed_off", {"faults": faults(dependency("dependency_nan", {"p95": 5}, facts={"n_degraded": 0, "n_plain_ok": 280}))}),
        ("partly", {"faults": faults(dependency("dependency_nan", {"failed": 0.4}))}),
        ("fails", {"faults": faults(dependency("dependency_nan", {"failed": 1.0}))}),
        ("fails", {"faults": faults(dependency("dependency_nan", {}, injected=False, facts={"hits": 0, "n_degraded": 0, "n_plain_ok": 300}))}),
        ("unknown", {"faults": faults(dependency("dependency_nan", {}, injected=False))}),
        ("unknown", {"faults": faults(dependency("dependency_nan", {}, failure=GRADER))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("dependency_nan", **evidence) == expected
