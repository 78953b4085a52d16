from __future__ import annotations

import pytest

from checks.builders import capacity, judge, level, stress, window


def over(sent=4000, *, shed=0, timeout=0, p95=80.0, void=None):
    """Ten seconds at twice a capacity of 200 requests/s."""
    errors = {kind: n for kind, n in (("shed", shed), ("timeout", timeout)) if n}
    return stress(capacity(200.0), window("overload", sent, seconds=10.0, errors=errors, p95=p95, void=void))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("sheds", over(shed=2000)),
        ("sheds", over()),
        ("queues", over(shed=2000, p95=900)),
        ("bends", over(timeout=3000)),
        ("collapses", over(timeout=3900)),
        ("collapses", stress(capacity(None, saturation_rps=0.0))),
        ("unknown", over(timeout=3900, void="host noisy: other work took 9% of the candidate's core")),
        ("sheds", over(shed=2000, void="host noisy: other work took 9% of the candidate's core")),
        ("unknown", stress(capacity(200.0))),
        ("sheds", stress(capacity(5000.0, limited_by="highest_rate", failed_rps=None))),
        ("sheds", stress(capacity(3000.0, saturation_rps=5400.0))),
        ("unknown", stress(capacity(3000.0, saturation_rps=5100.0))),
    ],
)
def test_the_level_follows_what_became_of_the_excess(expected, evidence):
    assert level("overload_shedding", stress=evidence) == expected


def test_numbers_are_set_against_the_capacity():
    assert "2.0 x its capacity: 200/s answered" in judge("overload_shedding", stress=over(shed=2000)).observed


@pytest.mark.parametrize(("expected", "degraded"), [("falls_back", 4000), ("falls_back", 3900), ("sheds", 3700), ("sheds", 2000)])
def test_beyond_capacity_fallbacks_are_fine_as_long_as_something_is_served_in_full(expected, degraded):
    window_ = over().overload
    assert window_ is not None
    flagged = window_.model_copy(update={"ok": 4000 - degraded, "degraded": degraded})
    assert level("overload_shedding", stress=stress(capacity(200.0), flagged)) == expected
