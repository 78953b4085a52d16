from __future__ import annotations

import pytest

from checks.builders import judge, level, panel, watched


def seen(full: int, empty: int, **facts):
    panels = [panel(f"P{i}") for i in range(full)] + [panel(f"E{i}", 0, absent=["typo_total"]) for i in range(empty)]
    return {"prometheus": watched().model_copy(update={"panels": panels, "dashboards": ["d.json"], **facts})}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("full", seen(12, 0)),
        ("most", seen(9, 1)),
        ("some", seen(5, 5)),
        ("empty", seen(2, 8)),
        ("empty", {"prometheus": watched().model_copy(update={"panels": [panel(problem="parse error")], "dashboards": ["d.json"]})}),
        ("missing", seen(0, 0)),
    ],
)
def test_a_panel_counts_if_its_query_returns_data(expected, evidence):
    assert level("dashboard_data", **evidence) == expected


def panels(*shown):
    return {"prometheus": watched().model_copy(update={"panels": list(shown), "dashboards": ["d.json"]})}


PODS, QUIET = panel("Pods", 0, absent=["container_memory_usage_bytes"]), panel("5xx", 0)
UNFILLED = panel("Odd", 0, problem="parse error").model_copy(update={"query": "rate(x_total[$odd])"})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("full", panels(panel(), PODS)),
        ("full", panels(panel(), UNFILLED)),
        ("full", panels(panel(), QUIET)),
        ("empty", panels(QUIET, QUIET)),
        ("unknown", panels(PODS, UNFILLED)),
    ],
)
def test_what_cannot_be_asked_of_a_service_on_its_own_costs_nothing(expected, evidence):
    assert level("dashboard_data", **evidence) == expected


def test_an_empty_panel_is_named_with_what_nobody_exposes():
    assert "E0: nobody exposes typo_total" in judge("dashboard_data", **seen(9, 1)).observed


def test_a_series_of_nan_only_waits_and_is_no_data():
    seen_nan = {"prometheus": watched().model_copy(update={"panels": [panel(points=0)], "dashboards": ["d.json"]})}
    assert level("dashboard_data", **seen_nan) == "empty"
    beside = seen_nan["prometheus"].model_copy(update={"panels": [panel(points=0), panel()]})
    assert level("dashboard_data", prometheus=beside) == "full"
