from __future__ import annotations

import pytest

from checks.builders import alert, drift, false_alarms, judge, level

WEAK_FIRST = ["covariate 0.25", "covariate 0.5"]
BOTH = alert("distance_km", 4100, 6600) + alert("distance_km", 8100, 10600)
STRONG = alert("distance_km", 8100, 10600)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fine", drift(BOTH, kinds=WEAK_FIRST)),
        ("sound", drift(STRONG, kinds=WEAK_FIRST)),
        ("coarse", drift(STRONG, kinds=["covariate 0.5", "covariate 1.0"])),
        ("blind", drift(alert("distance_km", 4100, 6600), kinds=WEAK_FIRST)),  # a hit below a miss
        ("blind", drift(kinds=WEAK_FIRST)),
        ("blind", drift(false_alarms(3) + BOTH, kinds=WEAK_FIRST)),
        ("unknown", drift(BOTH, kinds=["covariate", "unit"])),
        ("unknown", drift(BOTH, kinds=WEAK_FIRST, void="generator_limited")),
    ],
)
def test_power_is_the_severity_from_which_on_nothing_is_missed(expected, evidence):
    assert level("drift_power", drift=evidence) == expected


def test_every_severity_is_told_with_its_delay():
    seen = judge("drift_power", drift=drift(STRONG, kinds=WEAK_FIRST)).observed
    assert "covariate drift of distance_km, by severity: 0.25 missed, 0.5 after 600 requests" in seen
