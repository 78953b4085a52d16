from __future__ import annotations

import pytest

from checks.builders import FIELDS
from grader.checks.analysis.blame import blamed, names
from grader.schema.evidence import Alert


def alert(name: str = "DataDrift", text: str = "", **labels: str) -> Alert:
    return Alert(name=name, status="firing", labels=labels, text=text, at_s=1.0, request=100)


@pytest.mark.parametrize(
    ("said", "feature"),
    [
        (alert(feature="amount"), "amount"),
        (alert(column="channel"), "channel"),
        (alert(feature="log_amount"), "amount"),
        (alert(feature="avg_amount_30d"), "avg_amount_30d"),
        (alert(feature="avg_amount_30d_log"), "avg_amount_30d"),
        (alert(feature="score"), "score"),
        (alert("drift_distance_km"), "distance_km"),
        (alert(text="device_age_days moved: PSI 0.4"), "device_age_days"),
        (alert(text="avg_amount_30d moved"), "avg_amount_30d"),
        (alert(text="amount and country moved"), ""),
        (alert(), ""),
    ],
)
def test_the_input_is_found_by_label_else_by_the_only_input_that_is_mentioned(said, feature):
    assert blamed(said, FIELDS) == feature


@pytest.mark.parametrize(
    ("series", "is_named"), [('drift{feature="amount"}', True), ("amount_psi", True), ("psi_avg_amount_30d", False), ("amounts_total", False)]
)
def test_a_series_names_an_input_as_a_word_and_not_within_a_longer_input(series, is_named):
    assert names(series, "amount", FIELDS) is is_named
