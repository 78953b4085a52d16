"""The feature store and the alert receiver as a submission sees them, from inside of its network."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from harness.sandbox.container import Candidate
from harness.sandbox.topology import Topology

from .tools import fetch_inside

pytestmark = pytest.mark.engine

URL = "http://feature-store:8080/v1/customers/c1/features"
WEBHOOK = "http://alerts:9093/webhook"
FEATURES = {"avg_amount_30d": 12.5, "tx_count_24h": 3, "chargebacks_90d": 0, "account_age_days": 400}


@pytest.fixture(autouse=True)
def loaded(topology: Topology) -> Iterator[None]:
    topology.feature_store.load({"c1": FEATURES})
    yield
    topology.feature_store.set_mode("ok")
    topology.alerts.drain()


@pytest.mark.parametrize(
    ("mode", "params", "sees"),
    [
        ("ok", {}, {"status": 200}),
        ("slow", {"delay_s": 0.3}, {"status": 200}),
        ("slow", {"delay_s": 5.0}, {"error": "TimeoutError"}),
        ("error", {"status": 500}, {"status": 500}),
        ("refuse", {}, {"error": "ConnectionRefusedError"}),
        ("blackhole", {}, {"error": "TimeoutError"}),
        ("reset", {}, {"error": "ConnectionResetError"}),
        ("garbage", {}, {"status": 200}),
        ("missing_field", {}, {"status": 200}),
        ("nan", {}, {"status": 200}),
        ("huge", {"bytes": 3 << 20}, {"status": 200, "length": 3 << 20}),
    ],
)
def test_each_mode_is_seen_from_inside_and_counted(
    good: Candidate, topology: Topology, mode: str, params: dict[str, object], sees: dict[str, object]
) -> None:
    before = topology.feature_store.hits(mode)
    topology.feature_store.set_mode(mode, **params)
    seen = fetch_inside(good, URL)
    assert {key: seen.get(key) for key in sees} == sees
    assert topology.feature_store.hits(mode) == before + 1
    text = seen.get("text", "")
    assert ("NaN" in text) == (mode == "nan")
    if mode == "slow" and "status" in sees:
        assert 0.3 <= seen["seconds"] < 0.9
    if mode == "missing_field":
        assert sum(name in text for name in FEATURES) == len(FEATURES) - 1


def test_a_drip_outlives_every_socket_timeout(good: Candidate, topology: Topology) -> None:
    topology.feature_store.set_mode("drip", interval_s=0.01)
    seen = fetch_inside(good, URL, timeout_s=0.2)
    assert seen["status"] == 200
    assert seen["seconds"] > 1.0


def test_after_any_mode_it_answers_at_once_again(good: Candidate, topology: Topology) -> None:
    for mode in ("refuse", "blackhole", "huge", "drip"):
        topology.feature_store.set_mode(mode)
        topology.feature_store.set_mode("ok")
        seen = fetch_inside(good, URL)
        assert (seen["status"], seen["seconds"] < 0.5) == (200, True)


def test_modes_switch_in_less_than_five_milliseconds(topology: Topology) -> None:
    times: list[float] = []
    for n in range(40):
        begin = time.monotonic()
        at = topology.feature_store.set_mode(("ok", "error", "refuse", "slow")[n % 4])
        times.append(time.monotonic() - begin)
        assert begin <= at <= begin + times[-1], "stamps of containers and host are on one clock"
    assert sorted(times)[len(times) // 2] < 0.005


def test_ten_thousand_customers_are_loaded_quickly(topology: Topology) -> None:
    begin = time.monotonic()
    topology.feature_store.load({f"many-{n}": FEATURES for n in range(10_000)})
    assert time.monotonic() - begin < 3


def test_alerts_arrive_in_order_with_times_and_junk_is_refused(good: Candidate, topology: Topology) -> None:
    topology.alerts.drain()
    rejected = topology.alerts.rejected
    begin = time.monotonic()
    for status in ("firing", "resolved"):
        alert = {"status": status, "labels": {"alertname": "drift", "feature": "amount"}, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z"}
        assert fetch_inside(good, WEBHOOK, json={"version": "4", "status": status, "alerts": [alert]})["status"] == 200
    for junk in ({"raw": "{"}, {"json": []}, {"json": {"version": "3"}}, {"json": {"version": "4", "status": "firing", "alerts": [{}]}}):
        assert fetch_inside(good, WEBHOOK, **junk)["status"] == 400
    first, second = topology.alerts.drain()
    assert (first.name, first.status, first.labels["feature"], second.status) == ("drift", "firing", "amount", "resolved")
    assert begin < first.at_monotonic < second.at_monotonic < time.monotonic()
    assert topology.alerts.rejected == rejected + 4
    assert topology.alerts.drain() == []
