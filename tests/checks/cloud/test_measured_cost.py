from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.builders import CHALLENGE, RULES, capacity, judge, level, load, resources, stress, window

STEADY = load(window("steady"))


def at(rate, **facts):
    return {"stress": stress(capacity(rate, **facts)), "load": STEADY}


def without_capacity(cpu_seconds, **facts):
    """30 s of 100 requests/s; nothing that may be used came out of the search."""
    found = capacity(None, void="another process took the core", **({"cpu_ms_per_request": None} | facts))
    return {"stress": stress(found), "load": load(window("steady", use=resources(cpu_seconds=cpu_seconds)))}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("lean", at(2000)),
        ("fair", at(500)),
        ("dear", at(110)),
        ("wasteful", at(60)),
        ("wasteful", at(None) | {"load": load(window("steady", over=900))}),
        ("dear", at(None)),  # the steady window held 100/s before the search wore the service out
        ("lean", at(800, limited_by="generator")),
        ("unknown", at(400, limited_by="generator")),
        ("lean", without_capacity(3.0)),
        ("fair", without_capacity(6.0)),
        ("lean", without_capacity(60.0, cpu_ms_per_request=0.4)),
        ("unknown", without_capacity(0.0)),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("measured_cost", **evidence) == expected


def test_the_sum_stands_in_the_sentence():
    finding = judge("measured_cost", **at(2000))
    assert finding.observed.startswith("USD 0.0117 per million predictions at the latency target: (1 vCPU x 0.04 + 0.5 GiB x 0.0045) USD an hour")
    assert "2000/s x 50% x 3600 s" in finding.observed and "prices of 2026-06-17" in finding.observed
    cost, hours = finding.measures
    assert (cost.unit, cost.value) == ("USD", pytest.approx(0.04225 / (2000 * 0.5 * 3600) * 1e6, abs=1e-6))
    assert (hours.unit, hours.value) == ("h", pytest.approx(0.4e-3 * 1e6 / 3600, abs=1e-6))


def test_without_a_capacity_the_sentence_says_what_stands_for_it():
    said = judge("measured_cost", **without_capacity(3.0)).observed
    assert "by CPU time alone, so at least this" in said and "another process took the core" in said


def test_without_prices_nothing_is_said():
    assert level("measured_cost", challenge=CHALLENGE.model_copy(update={"prices": None}), **at(2000)) == "unknown"


def credit(finding):
    return RULES["measured_cost"].ladder[finding.level].credit


@given(st.floats(1, 5000), st.floats(1, 5000))
def test_more_capacity_is_never_dearer(one, other):
    less, more = (judge("measured_cost", **at(rate)) for rate in sorted((one, other)))
    assert more.measures[0].value <= less.measures[0].value and credit(more) >= credit(less)


@given(st.floats(1, 5000), st.floats(0.001, 1000), st.floats(0.01, 1))
def test_no_price_table_changes_a_level(rate, factor, utilisation):
    table = CHALLENGE.prices.model_copy(
        update={"vcpu_hour": CHALLENGE.prices.vcpu_hour * factor, "gib_hour": CHALLENGE.prices.gib_hour * factor, "utilisation": utilisation}
    )
    assert level("measured_cost", challenge=CHALLENGE.model_copy(update={"prices": table}), **at(rate)) == level("measured_cost", **at(rate))
