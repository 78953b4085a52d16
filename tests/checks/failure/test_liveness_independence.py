from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, dependency, faults, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("steady", {"faults": faults(dependency(), dependency("dependency_drip", alive=[200] * 19 + [0]))}),
        ("wavers", {"faults": faults(dependency(alive=[200] * 17 + [0] * 3))}),
        ("falls", {"faults": faults(dependency(alive=[503] * 15))}),
        ("falls", {"faults": faults(dependency(failure=CANDIDATE))}),
        ("unknown", {"faults": faults(dependency(alive=[]))}),
        ("unknown", {"faults": faults()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("liveness_independence", **evidence) == expected
