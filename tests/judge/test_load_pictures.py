"""Pictures of load on hand-made evidence: what stands where, what the caption says, and what is left out where nothing is known."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from grader.judge.charts import charts
from grader.judge.say import figure
from grader.judge.timeline import POINTS
from grader.schema.bundle import Bundle
from grader.schema.evidence import LoadEvidence, LoadWindow, Probe, RepositoryEvidence, ResourceSample, StressEvidence
from grader.schema.result import Chart, Point
from judge import made

ASKED = made.challenge()
LOAD = ("latency", "percentiles", "capacity", "autoscaling", "throughput", "resources", "soak")


def drawn(load: LoadEvidence | None = None, stress: StressEvidence | None = None) -> dict[str, Chart]:
    evidence = {name: data for name, data in (("load", load), ("stress", stress)) if data}
    return {chart.id: chart for chart in charts(Bundle(challenge=ASKED, evidence=dict(evidence)), ASKED)}


def of(*windows: LoadWindow) -> LoadEvidence:
    return LoadEvidence(windows=list(windows), bin_s=made.BIN_S)


def searched(**facts: Any) -> Chart:
    return drawn(stress=StressEvidence(capacity=made.capacity(**facts), bin_s=made.BIN_S))["capacity"]


def stretches(points: list[Point]) -> int:
    """Lines of one curve that gaps set apart."""
    return sum(a.y is not None and b.y is None for a, b in pairwise(points))


def test_the_order_is_faults_drift_then_latency_capacity_answers_and_resources() -> None:
    ids = [chart.id for chart in made.verdict(made.sound()).charts]
    assert ids == ["faults-1", "faults-2", "drift-power", "drift", "signal-covariate", "signal-unit", "signal-missing", *LOAD]


def test_stress_windows_follow_the_load_windows_in_order_of_time() -> None:
    sound = drawn(made.load(ASKED, "standard"), made.stress(ASKED, "standard"))
    for id in ("latency", "throughput", "resources"):
        spans = sound[id].spans
        assert [s.kind for s in spans] == ["warmup", "steady", "ramp", "spike", "recovery", "slow_clients", "overload", "relief", "soak"]
        assert all(before.end < after.start for before, after in pairwise(spans))
    assert [s.label for s in sound["latency"].spans][2] == "ramp 20-300/s"
    assert sound["latency"].spans[6].label == "overload 3,610/s"


def test_curves_have_gaps_between_windows_and_a_line_for_the_target() -> None:
    latency = drawn(made.load(ASKED, "standard"), made.stress(ASKED, "standard"))["latency"]
    assert (latency.limit, latency.limit_label, latency.y_scale) == (100, "SLO 100 ms", "log")
    assert stretches(latency.series[0].points) == len(latency.spans) == 9
    assert "overload 3,610/s, p99 85 ms (n = 11,263)" in latency.says


def test_a_point_is_the_worst_of_its_slice_in_the_middle_of_it() -> None:
    window = made.window("steady", 100, 3, 10.0)
    bins = [b.model_copy(update={"p95_ms": 400.0 if b.t_s == 1.3 else None if 2 <= b.t_s < 2.5 else 5.0}) for b in window.bins]
    points = drawn(of(window.model_copy(update={"bins": bins})))["latency"].series[0].points
    assert [(p.x, p.y) for p in points] == [(0.25, 5), (0.75, 5), (1.25, 400), (1.75, 5), (2.25, None), (2.75, 5), (3.0, None)]


@pytest.mark.parametrize("seconds", [10, 300, 7200])
def test_a_curve_has_no_more_points_than_can_be_seen(seconds: float) -> None:
    sound = drawn(of(made.window("steady", 5, seconds, 9.0), made.window("spike", 5, seconds, 9.0)))
    for id in ("latency", "throughput", "resources"):
        assert all(len(s.points) <= POINTS + 4 for s in sound[id].series)
        table = sound[id].table
        assert table and len(table.rows) <= 42
    soak = made.window("soak", 5, min(seconds, 300), 9.0)
    assert len(drawn(stress=StressEvidence(soak=soak, bin_s=0.1))["soak"].series[0].points) <= POINTS + 1


def test_throughput_says_what_overload_left_and_draws_failures_only_where_there_are_any() -> None:
    quiet = drawn(made.load(ASKED, "standard"))["throughput"]
    assert [s.name for s in quiet.series] == ["sent", "good"] and quiet.says == "All 10,450 requests answered well."
    loud = drawn(made.load(ASKED, "standard"), made.stress(ASKED, "standard"))["throughput"]
    assert [s.name for s in loud.series] == ["sent", "good", "shed"]
    assert "10,397 shed, 0 failed" in loud.says and "Overload at 3,610/s: 1,877/s answered well, 52 % of what was sent, p99 85 ms" in loud.says
    shed = [p for p in loud.series[2].points if p.y is not None]
    assert all(loud.spans[6].start < p.x < loud.spans[6].end and p.y == pytest.approx(1730) for p in shed) and shed


def test_an_outage_pulls_the_good_curve_down_to_nothing() -> None:
    window = made.window("steady", 100, 4, 9.0).model_copy(update={"bins": made.bins(4, 100, bad=(1, 2)), "ok": 300, "errors": {"timeout": 100}})
    chart = drawn(of(window))["throughput"]
    by_name = {s.name: [p.y for p in s.points[:-1]] for s in chart.series}
    assert by_name["good"] == [100, 100, 0, 0, 100, 100, 100, 100]
    assert by_name["failed"] == [None, None, 100, 100, None, None, None, None]
    assert chart.says == "300 of 400 requests answered well, 0 shed, 100 failed."


def test_percentiles_stand_on_an_axis_of_nines() -> None:
    chart = drawn(made.load(ASKED, "standard"), made.stress(ASKED, "standard"))["percentiles"]
    assert [s.name for s in chart.series] == ["steady 100/s", "spike 300/s", "overload 3,610/s"]
    steady = {p.x: p.y for p in chart.series[0].points}
    assert steady[0] == pytest.approx(0.9) and steady[1] == pytest.approx(4.2) and steady[2] == 9 and steady[3] == 13.5
    assert max(steady) == round(-math.log10(0.0005), 4)
    assert [(t.at, t.label) for t in chart.x_ticks][-4:] == [(1.301, "95 %"), (2, "99 %"), (3, "99.9 %"), (4, "99.99 %")]
    assert chart.says.startswith("99 % of the valid predictions came within 9 ms (steady, 100/s), 27 ms (spike, 300/s), 85 ms (overload, 3,610/s)")
    assert chart.table and ["99 %", 9.0, 27.0, 85.0] in chart.table.rows


def test_a_percentile_beyond_n_is_not_drawn_and_a_window_without_a_curve_shows_its_percentiles() -> None:
    few = made.window("steady", 10, 3, 9.0)
    assert few.latency and few.latency.n == 30
    bare = few.model_copy(update={"latency": few.latency.model_copy(update={"curve": []})})
    chart = drawn(of(bare))["percentiles"]
    assert [p.x for p in chart.series[0].points] == [pytest.approx(0.301, abs=1e-4), pytest.approx(1.301, abs=1e-4)]
    assert [t.label for t in chart.x_ticks] == ["0 %", "50 %", "90 %", "95 %"]
    single = few.model_copy(update={"latency": few.latency.model_copy(update={"curve": [], "n": 1})})
    assert [p.y for p in drawn(of(single))["percentiles"].series[0].points] == [few.latency.p50_ms]


def test_a_void_window_is_drawn_and_called_void() -> None:
    sound = drawn(of(made.window("steady", 100, 5, 9.0, void="host noisy")))
    assert sound["percentiles"].series[0].name == "steady 100/s (void)"
    assert sound["latency"].spans[0].label == "steady 100/s (void)"


def test_every_trial_is_a_dot_at_its_rate_and_the_published_rate_a_line() -> None:
    chart = searched()
    placed = {(dot.x, dot.kind): (dot.low, dot.y) for dot in chart.dots}
    assert [dot.kind for dot in chart.dots] == ["held", "aborted", "held", "held", "void", "failed", "held"]
    assert placed[(1950, "failed")] == (150, 300) and placed[(1560, "held")] == (9.1, 18.2) and placed[(1950, "void")][1] == 620
    assert [(mark.x, mark.label, mark.written) for mark in chart.marks] == [(1805, "published 1,805/s", True)]
    assert chart.says.startswith("Held 1,805 requests/s (confirmed over 5 s); the next rate that failed was 1,950/s; CPU 90 %.")
    assert chart.limit == 100 and chart.table and len(chart.table.rows) == 7


HELD = "Held 1,805 requests/s (confirmed over 5 s)"


@pytest.mark.parametrize(
    ("facts", "says", "marks"),
    [
        ({"failed_rps": None, "limited_by": "generator"}, f"{HELD}; the generator could not send more; CPU 90 %.", 1),
        ({"failed_rps": None, "limited_by": "highest_rate"}, f"{HELD}; no rate beyond 5,000/s was tried; CPU 90 %.", 1),
        ({"rate_rps": None, "trials": [made.trial(20.0, False)]}, "No rate held; the lowest that failed was 20/s.", 0),
        ({"rate_rps": None, "failed_rps": None, "trials": [made.trial(9.0, None)]}, "No rate held.", 0),
        (
            {"rate_rps": None, "trials": [made.trial(800.0), made.trial(850.0, False), made.trial(630.0, False, phase="confirm")]},
            "No rate was confirmed: 800/s held over 2 s, but no rate did for longer; the lowest that failed was 630/s.",
            0,
        ),
        ({"void": "host unsteady: it moved"}, "Nothing can be said about the capacity: host unsteady: it moved.", 0),
    ],
)
def test_the_caption_says_what_ended_the_search(facts: dict[str, Any], says: str, marks: int) -> None:
    chart = searched(**facts)
    assert chart.says.startswith(says)
    assert len(chart.marks) == marks


def scaled(cores: float | None) -> Chart:
    """The sound load with an autoscaler that acts at so many cores, or with none."""
    found = {"autoscaler_cpu_target": 100.0, "declared_cpu_request": cores}
    probes = {id: Probe(subject=True, found=cores is not None, value=value) for id, value in found.items()}
    load, stress = made.load(ASKED, "standard"), made.stress(ASKED, "standard")
    bundle = Bundle(challenge=ASKED, evidence={"load": load, "stress": stress, "repository": RepositoryEvidence(probes=probes)})
    return next(chart for chart in charts(bundle, ASKED) if chart.id == "autoscaling")


def test_latency_against_cpu_shows_where_the_autoscaler_acts() -> None:
    chart = scaled(0.6)
    assert [(m.x, m.label) for m in chart.marks] == [(0.6, "autoscaler acts at 0.6 cores")]
    assert {dot.x: dot.y for dot in chart.dots}[0.05] == 9 and chart.limit == 100
    assert chart.says == (
        "The 100 ms target was kept up to the capacity of 1,805 requests/s (0.902 cores); points beyond it are trials of seconds. "
        "The declared autoscaler acts at 0.6 cores, about 1,200 requests/s."
    )
    assert chart.table and len(chart.table.rows) == len(chart.dots) == 8


def test_latency_against_cpu_without_a_threshold_or_with_one_out_of_reach() -> None:
    assert scaled(None).marks == [] and scaled(None).says.endswith("No threshold on CPU could be read from the repository.")
    assert scaled(2.0).says.endswith("The declared autoscaler acts at 2 cores.")
    assert "autoscaling" not in drawn(of(made.window("steady", 100, 5, 9.0)))
    slow = drawn(of(made.window("steady", 100, 5, 300.0), made.window("spike", 300, 5, 900.0)))["autoscaling"]
    assert slow.says.startswith("p99 was over the 100 ms target at the lowest load already.")


def test_latency_against_cpu_says_of_the_capacity_what_the_search_says() -> None:
    """A rate that held for seconds, or once of two times, is no capacity: two captions of one report must not disagree."""
    tried = [made.trial(1000.0), made.trial(1500.0), made.trial(1500.0, False)]
    found = made.capacity(trials=tried, rate_rps=1000.0, failed_rps=1500.0)
    both = drawn(stress=StressEvidence(capacity=found, bin_s=made.BIN_S))
    assert both["capacity"].says.startswith("Held 1,000 requests/s;")
    says = "The 100 ms target was kept up to the capacity of 1,000 requests/s (0.5 cores); points beyond it are trials of seconds."
    assert both["autoscaling"].says.startswith(says)
    none = drawn(stress=StressEvidence(capacity=found.model_copy(update={"rate_rps": None}), bin_s=made.BIN_S))
    assert "No rate was confirmed" in none["capacity"].says
    assert none["autoscaling"].says.startswith("No rate was confirmed to keep the 100 ms target; ")
    void = drawn(stress=StressEvidence(capacity=found.model_copy(update={"void": "host unsteady"}), bin_s=made.BIN_S))
    assert "within the 100 ms target up to 1,000 requests/s (0.5 cores) and over it at 1,500 requests/s (0.75 cores)" in void["autoscaling"].says


def test_a_trial_without_an_answer_stands_in_the_table_alone() -> None:
    silent = made.trial(2500.0, False, p95_ms=None, p99_ms=None, aborted=True)
    chart = searched(trials=[made.trial(1000.0), silent])
    assert [dot.x for dot in chart.dots] == [1000]
    assert chart.table and chart.table.rows[1][-1] == "did not hold, ended early"
    assert "confirmed" not in chart.says and "CPU" not in chart.says


def used(*samples: tuple[float, float, float, int], **facts: Any) -> LoadWindow:
    """A steady window of 4 s with these samples of (s, CPU s, throttled s, MiB)."""
    series = [ResourceSample(t_s=t, requests=round(100 * t), cpu_s=c, throttled_s=h, memory_bytes=m * made.MIB) for t, c, h, m in samples]
    window = made.window("steady", 100, 4, 9.0)
    assert window.resources
    use = window.resources.model_copy(update={"samples": series, "memory_start_bytes": 64 * made.MIB, "memory_peak_bytes": 256 * made.MIB, **facts})
    return window.model_copy(update={"resources": use})


def test_resources_are_shares_of_their_limits_per_slice() -> None:
    chart = drawn(of(used((0, 0, 0, 64), (0.5, 0.5, 0, 64), (1, 0.75, 0.1, 256), (4, 3.0, 0.1, 128))))["resources"]
    by_name = {s.name: [(p.x, p.y) for p in s.points] for s in chart.series}
    assert by_name["CPU"] == [(0.5, 100), (1, 50), (4, 75), (4, None)]
    assert by_name["memory"] == [(0.5, 12.5), (1, 50), (4, 25), (4, None)]
    assert by_name["throttled"] == [(0.5, 0), (1, 20), (4, 0), (4, None)]
    assert (chart.limit, chart.limit_label) == (100, "all of the limit")
    assert chart.says.startswith("CPU at most 100 % of 1 core (steady); memory at most 256 of 512 MiB (steady); throttled at most 20 % of the time")


def test_cpu_beyond_the_limit_is_jitter_of_two_clocks() -> None:
    chart = drawn(of(used((0, 0, 0, 64), (0.5, 0.501, 0, 64), (4, 2, 0, 64))))["resources"]
    assert chart.series[0].points[0].y == 100


def test_a_peak_between_two_points_is_not_lost() -> None:
    chart = drawn(of(used(*((i / 10, i / 100, 0, 384 if i == 3 else 64) for i in range(41)))))["resources"]
    assert next(s for s in chart.series if s.name == "memory").points[0].y == 75


def test_a_window_without_a_series_shows_its_ends_and_one_without_accounting_nothing() -> None:
    bare = used(cpu_seconds=2.0, memory_end_bytes=128 * made.MIB, throttled_seconds=0.0, open_files_peak=None)
    chart = drawn(of(bare))["resources"]
    assert [(s.name, [(p.x, p.y) for p in s.points]) for s in chart.series] == [
        ("CPU", [(4, 50), (4, None)]), ("memory", [(4, 25), (4, None)])
    ]  # fmt: skip
    assert "never throttled" in chart.says and "open files" not in chart.says
    assert "resources" not in drawn(of(bare.model_copy(update={"resources": None})))


def test_the_soak_is_memory_over_requests_with_its_slope() -> None:
    leaking = made.window("soak", 300, 25, 12.0, growth_kib=4.0)
    chart = drawn(stress=StressEvidence(soak=leaking, bin_s=made.BIN_S))["soak"]
    assert (chart.x_unit, chart.series[0].points[-1].x) == ("requests", 7500)
    assert chart.series[0].points[-1].y == pytest.approx(34 + 7500 * 4 / 1024, abs=1)
    assert "growth 4 KiB per request (99 % interval" in chart.says
    judged = made.verdict(made.changed(made.sound(), stress=made.stress(ASKED, "standard", soak=leaking)))
    row = next(c for c in judged.checks if c.id == "memory_stability").measures[0]
    caption = next(c for c in judged.charts if c.id == "soak").says
    assert row.ends == "99 % interval" and f"(99 % interval {figure(row.low or 0)} to {figure(row.high or 0)})" in caption
    assert chart.table and len(chart.table.rows) <= 25
    void = leaking.model_copy(update={"void": "host noisy"})
    assert "void: host noisy" in drawn(stress=StressEvidence(soak=void, bin_s=made.BIN_S))["soak"].says


@pytest.mark.parametrize(
    ("load", "stress"),
    [
        (None, None),
        (LoadEvidence(windows=[], bin_s=0.1), StressEvidence(bin_s=0.1)),
        (None, StressEvidence(capacity=made.capacity(trials=[], bursts=[], rate_rps=None, failed_rps=None), bin_s=0.1)),
    ],
)
def test_nothing_is_drawn_from_nothing(load: LoadEvidence | None, stress: StressEvidence | None) -> None:
    assert drawn(load, stress) == {}


def test_a_window_that_was_never_answered_is_drawn_without_latency() -> None:
    dead = made.window("steady", 100, 5, 9.0).model_copy(
        update={"latency": None, "ok": 0, "errors": {"refused": 500}, "bins": made.bins(5, 100, bad=(0, 5))}
    )
    sound = drawn(of(dead))
    assert "percentiles" not in sound
    assert {p.y for p in sound["latency"].series[0].points} == {None}
    assert sound["latency"].says.endswith("Without any valid prediction: steady 100/s.")
    assert sound["throughput"].says == "0 of 500 requests answered well, 0 shed, 500 failed."
