from __future__ import annotations

import pytest

from checks.builders import level
from checks.monitoring.drift_cases import cases


@pytest.mark.parametrize(("expected", "evidence"), cases("new_category"))
def test_the_level_follows_what_was_heard_and_when(expected, evidence):
    assert level("drift_new_category", **evidence) == expected


def test_every_level_is_reached_by_a_case():
    levels = {"alerted", "ruled", "pending", "restless", "lingering", "passing", "measured", "guessing", "always_on", "silent"}
    assert levels <= {expected for expected, _ in cases("new_category")}
