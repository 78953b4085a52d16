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


SHED = {"shed": 1.0}


@pytest.mark.parametrize(
    ("expected", "records"),
    [
        ("steady", [dependency(ready=[200] * 15)]),
        ("steady", [dependency(ready=[200] * 13 + [0] * 2)]),
        ("steady", [dependency(during=SHED, ready=[503] * 15)]),
        ("unready", [dependency(ready=[503] * 15)]),
        ("unready", [dependency(ready=[0] * 15)]),
        ("unready", [*(dependency(id, ready=[200] * 15) for id in ("dependency_errors", "dependency_nan")), dependency(ready=[503] * 15)]),
        ("wavers", [dependency(alive=[200] * 17 + [0] * 3, ready=[503] * 15)]),
        ("falls", [dependency(alive=[503] * 15, ready=[503] * 15)]),
    ],
)
def test_readiness_may_fall_only_where_predictions_do(expected, records):
    assert level("liveness_independence", faults=faults(*records)) == expected
