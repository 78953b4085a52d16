"""Faults of the network and of load: each on a good and on a bad service, told apart by the check that judges it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest

from challenges.simulator import Row
from faults.experiments import level, perform
from harness.faults.base import Known, Scene

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def good(start: Callable[..., Scene]) -> Scene:
    return start()


# ---- network


def test_lost_packets_cost_a_service_with_deadlines_little(good: Scene, rows: list[Row]) -> None:
    record = perform("packet_loss", good, rows, fault_s=5.0)
    assert record.injected and record.facts["dropped_20"] > record.facts["dropped_5"] > 0
    assert level("packet_loss", record) == "holds"
    assert "DROP " not in good.candidate.in_network("iptables -nL | sed 1d")


def test_lost_packets_hold_up_who_waits_without_a_deadline(start: Callable[..., Scene], rows: list[Row]) -> None:
    """With one call for each prediction, 82 to 87 % are answered at 20 % loss: too near to the bar of 90 % for a test."""
    record = perform("packet_loss", start(DEADLINE_S="0", CALLS="3"), rows, fault_s=5.0)
    assert record.injected
    assert level("packet_loss", record) == "breaks"


def test_connections_that_nobody_closes_are_found(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("packet_loss", start(LEAK="1"), rows, fault_s=8.0, after_s=1.0)
    assert record.injected and record.facts["close_wait_after"] > record.facts["close_wait_before"]
    assert level("packet_loss", record) == "leaks"


def test_a_narrow_line_of_the_store_is_answered_from_the_fallback(good: Scene, rows: list[Row]) -> None:
    record = perform("bandwidth_cap", good, rows, fault_s=2.0, after_s=2.0)
    assert record.injected and record.facts["cap_kbit"] < 0.5 * record.facts["need_kbit"]
    assert level("bandwidth_cap", record) == "fallback"
    assert "tbf" not in good.topology.helper.inside(good.topology.feature_store.id, "tc qdisc show")


def test_a_narrow_line_of_the_store_stops_who_waits_for_it(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("bandwidth_cap", start(DEADLINE_S="0"), rows, fault_s=2.5, after_s=2.0)
    assert record.injected
    assert level("bandwidth_cap", record) in ("partly", "fails")


# ---- overload


def test_a_service_that_sheds_is_itself_again_after_an_overload(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("overload", start(WORK_S="0.004", IN_FLIGHT="12"), rows)
    assert record.injected and record.facts["burst_shed"] > 100
    assert level("overload_recovery", record) == "sheds"


def test_a_service_that_queues_everything_is_not(start: Callable[..., Scene], rows: list[Row]) -> None:
    record = perform("overload", start(WORK_S="0.006"), rows)
    assert record.injected and record.facts["burst_shed"] == 0
    assert level("overload_recovery", record) in ("recovers", "slow", "never")


def test_the_burst_follows_the_measured_capacity(good: Scene, rows: list[Row]) -> None:
    before = _generators()
    record = perform("overload", replace(good, known=Known(most_rps=400.0)), rows, fault_s=0.5, after_s=0.3)
    assert record.facts["burst_rps"] == 600 and record.facts["burst_sent"] >= 0.9 * record.facts["burst_planned"] > 200
    assert _generators() == before >= 1, "the probe's own is left, and the burst's is gone"


def _generators() -> int:
    children = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True).stdout
    return children.count("harness.load.engine")
