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


def test_an_empty_panel_is_named_with_what_nobody_exposes():
    assert "E0: nobody exposes typo_total" in judge("dashboard_data", **seen(9, 1)).observed
