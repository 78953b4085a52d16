"""The reference monitor is as good as the design demands: silent on sound traffic, quick to see what must be seen, quiet again afterwards.

If these fail after a change of the simulator, the checks of every submission have lost their yardstick.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from challenges.simulator import Drift, Row, Simulator

WINDOW = 500
MUST_SEE = [
    *(("covariate", feature) for feature in ("amount", "distance_km", "device_age_days", "minutes_since_last")),
    *(("unit", feature) for feature in ("amount", "distance_km")),
    *(("missing", feature) for feature in ("distance_km", "device_age_days", "minutes_since_last")),
    *(("new_category", feature) for feature in ("merchant_category", "channel", "country")),
]


def watch(oracle: SimpleNamespace, monitor: Any, rows: list[Row]) -> list[Any]:
    """Changes that the monitor announces over the rows."""
    full, changes = oracle.shipped.full, []
    for row in rows:
        score = full.probability(full.encode(row.request, row.features))
        if monitor.observe(oracle.drift.Observation(row.request, row.features, score)):
            changes += monitor.evaluate()
    return changes


def new_monitor(oracle: SimpleNamespace) -> Any:
    return oracle.drift.DriftMonitor(oracle.shipped.document["reference"], WINDOW)


def test_two_hundred_control_windows_raise_no_alarm(oracle: SimpleNamespace, simulator: Simulator) -> None:
    long_streams = [row for seed in range(5) for row in simulator.stream(20 * WINDOW, 31_000 + seed)]
    short_streams = [row for seed in range(100) for row in simulator.stream(WINDOW, 32_000 + seed)]
    assert watch(oracle, new_monitor(oracle), long_streams + short_streams) == []


@pytest.mark.parametrize(("kind", "feature"), MUST_SEE)
@pytest.mark.parametrize("severity", [0.5, 0.25])
def test_what_must_be_seen_is_seen_blamed_and_over(oracle: SimpleNamespace, simulator: Simulator, kind: str, feature: str, severity: float) -> None:
    for seed in range(3):
        monitor = new_monitor(oracle)
        assert watch(oracle, monitor, simulator.stream(WINDOW, 33_000 + seed)) == []
        fired = watch(oracle, monitor, simulator.stream(3 * WINDOW, 34_000 + seed, Drift(kind, severity, feature)))
        assert feature in {change.feature for change in fired if change.firing}
        assert {change.feature for change in fired} <= {feature, "currency"}, "an innocent feature was blamed"  # currency follows the country
        watch(oracle, monitor, simulator.stream(3 * WINDOW, 35_000 + seed))
        assert monitor.firing == set()


def test_a_full_prior_shift_shows_in_the_scores(oracle: SimpleNamespace, simulator: Simulator) -> None:
    monitor = new_monitor(oracle)
    assert watch(oracle, monitor, simulator.stream(3 * WINDOW, 36_000, Drift("prior", 1.0, "amount")))
