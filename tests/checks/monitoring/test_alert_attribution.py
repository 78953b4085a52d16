from __future__ import annotations

import pytest

from checks.builders import alert, drift, level

RIGHT = alert("distance_km", 4100, 6600)
TWO = ["covariate", "unit"]


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("right", drift(RIGHT)),
        ("right", drift(RIGHT + alert("amount", 8000), kinds=TWO)),
        ("partly", drift(RIGHT, kinds=TWO)),  # a drift that nobody named is not blamed rightly
        ("partly", drift(RIGHT + alert("currency", 8000), kinds=TWO)),
        ("wrong", drift(alert("currency", 4100))),
        ("wrong", drift(alert("", 4100))),
        ("wrong", drift(RIGHT + alert("country", 4200) + alert("amount", 4300))),
        ("not_applicable", drift(kinds=["prior"])),
        ("wrong", drift([post for name in ("distance_km", "amount", "channel", "country") for post in alert(name, 4100)])),
        ("wrong", drift()),
        ("unknown", drift(RIGHT, void="generator_limited")),
    ],
)
def test_the_blame_is_held_against_what_was_drifted(expected, evidence):
    assert level("alert_attribution", drift=evidence) == expected
