"""The interview plan and the pictures: specific, short, and drawn from the evidence alone."""

from __future__ import annotations

from collections import Counter

import pytest

import grader.rubric
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultsEvidence
from grader.schema.result import Chart, InterviewItem, Outcome, Result
from judge import made
from judge.test_verdict import not_built


def plan(result: Result, area: str) -> list[InterviewItem]:
    return [item for item in result.interview if item.area == area]


def chart(result: Result, id: str) -> Chart:
    return next(c for c in result.charts if c.id == id)


def slow() -> Result:
    return made.verdict(made.changed(made.sound(), load=made.load(made.challenge(), "standard", p99_ms=900)))


def test_a_loss_becomes_a_question_that_quotes_the_evidence() -> None:
    result = slow()
    item = next(i for i in plan(result, "scalability") if i.check == "latency_slo")
    observed = next(c.observed for c in result.checks if c.id == "latency_slo")
    assert item.kind == "finding"
    assert observed[1:60] in item.question and item.question.endswith("?")
    assert item.listen_for == [grader.rubric.load().areas["scalability"].checks["latency_slo"].remedy]


def test_an_area_without_losses_is_asked_its_own_question_beside_its_best_evidence() -> None:
    result = made.verdict(made.sound())
    item = plan(result, "compliance")[0]
    assert item.question == grader.rubric.load().areas["compliance"].question
    assert "9000 of 9000" in item.because and item.check == "audit_trail"


def test_every_area_is_asked_about_in_reading_order_and_nothing_is_asked_twice() -> None:
    for result in (made.verdict(made.sound()), slow(), made.verdict(not_built()), made.verdict(Bundle())):
        assert list(dict.fromkeys(item.area for item in result.interview)) == [area.id for area in result.areas]
        questions = [item.question for item in result.interview]
        assert len(questions) == len(set(questions))
        assert all(len(item.question) < 450 for item in result.interview)


def test_what_nobody_saw_is_one_line_per_area_without_cues() -> None:
    result = made.verdict(made.without(made.sound(), faults=made.failure("engine_lost")))
    lines = [item for item in plan(result, "failure") if item.kind == "unobserved" and not item.check]
    assert len(lines) == 1
    assert lines[0].listen_for == []
    assert "more" in lines[0].question and "host" in lines[0].because


def test_a_service_that_never_ran_is_asked_about_its_build_once() -> None:
    asked = [item for item in made.verdict(not_built()).interview if "does not build" in item.question]
    assert len(asked) == 1


def test_alerts_are_marks_and_drifted_stretches_are_shaded() -> None:
    result = made.verdict(made.changed(made.sound(), drift=made.drift(made.challenge(), "standard", silent=("missing",))))
    drawn = chart(result, "drift")
    assert [mark.kind for mark in drawn.marks] == ["firing", "resolved"] * 3
    assert [span.label for span in drawn.spans if span.kind == "drifted"] == ["covariate 0.25", "covariate 0.5", "unit", "missing"]
    gauge = chart(result, "signal-unit")
    assert 'feature="amount"' in gauge.series[0].name and all("amount" in mark.label for mark in gauge.marks)
    noticed = [(row[0], row[2], row[4]) for row in next(t for t in result.tables if t.id == "drift").rows]
    assert noticed == [("covariate", 0.25, 250), ("covariate", 0.5, 250), ("unit", 0.5, 250), ("missing", 0.5, "none")]


def test_the_power_curve_tells_how_small_a_drift_was_noticed_and_how_soon() -> None:
    result = made.verdict(made.changed(made.sound("full"), drift=made.drift(made.challenge(), "full", silent=("missing",))), "full")
    power = chart(result, "drift-power")
    assert [(tick.at, tick.label) for tick in power.x_ticks] == [(0.1, "0.1"), (0.25, "0.25"), (0.5, "0.5"), (1.0, "1")]
    assert [series.name for series in power.series] == ["covariate (amount)", "missing (distance_km)"]
    assert [[point.y for point in series.points] for series in power.series] == [[250] * 4, [None] * 4]
    assert Counter(dot.kind for dot in power.dots) == {"noticed": 7, "missed": 4}
    assert power.table is not None and [row[4] for row in power.table.rows].count("missed") == 4
    assert [row[5] for row in power.table.rows if row[0] == "covariate"] == pytest.approx([0.34, 0.85, 1.7, 3.4], abs=0.02)


def test_strips_show_the_outage_and_the_time_to_recover() -> None:
    asked = made.challenge()
    records = [made.fault("pause", 1, bad=(2.0, 7.4)), made.fault("network_cut", 9, injected=False), *made.faults(asked, "standard").faults[1:4]]
    strips = {s.id: s for s in made.verdict(made.changed(made.sound(), faults=FaultsEvidence(faults=records))).fault_strips}
    pause = strips["pause"]
    assert pause.recovery_s == 2.4 and pause.check == "pause_recovery" and pause.outcome is Outcome.PARTIAL
    assert pause.cells[4] == 1.0 and set(pause.cells[9:28]) == {0.0} and pause.cells[-1] == 1.0
    assert strips["network_cut"].recovery_s is None and strips["network_cut"].outcome is Outcome.UNKNOWN
    assert strips["sigterm_drain"].check == "sigterm_drain"
