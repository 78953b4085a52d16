from __future__ import annotations

import pytest

from checks.builders import alert, drift, level

ENDS = alert("distance_km", 4100, 6600)


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("resolves", drift(ENDS)),
        ("partly", drift(ENDS + alert("amount", 8000), kinds=["covariate", "unit"])),
        ("never", drift(alert("distance_km", 4100))),
        ("never", drift(ENDS + alert("amount", 4200, 4300) + alert("country", 4200, 4300))),
        ("never", drift()),
        ("unknown", drift(kinds=[])),
    ],
)
def test_an_alert_must_end_in_the_clean_windows_that_follow(expected, evidence):
    assert level("alert_resolution", drift=evidence) == expected
