"""The picture of all faults over time, and strips of faults that no check judges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from checks.builders import case

from grader.judge.charts.faults import POINTS, over_time
from grader.judge.strips import fault_strips
from grader.judge.tables.faults import inputs
from grader.schema.bundle import Bundle
from grader.schema.evidence import FaultRecord, FaultsEvidence
from grader.schema.result import Chart, Outcome
from judge import made


def drawn(*records: FaultRecord) -> list[Chart]:
    return over_time(FaultsEvidence(faults=list(records)))


def lines(chart: Chart) -> dict[str, list[float | None]]:
    return {s.name: [p.y for p in s.points] for s in (*chart.series, *(chart.below.series if chart.below else []))}


def test_thirty_two_faults_stand_in_rows_of_eight_with_their_numbers() -> None:
    charts = over_time(made.every_fault())
    assert [len(chart.spans) for chart in charts] == [7, 7, 8, 7]
    labels = [span.label for chart in charts for span in chart.spans]
    assert labels[0] == "1 pause" and "24 dependency credentials" in labels and len(labels) == 29
    for chart in charts:
        assert chart.below is not None and all(before.end < after.start for before, after in pairwise(chart.spans))
        assert [(s.start, s.end) for s in chart.below.spans] == [(s.start, s.end) for s in chart.spans]
        assert all(len(s.points) <= POINTS for s in (*chart.series, *chart.below.series))


def test_what_was_not_active_is_named_and_not_drawn() -> None:
    charts = over_time(made.every_fault())
    assert "Not exercised: 11 bandwidth cap (no trace of it), 26" not in charts[0].says
    assert "11 bandwidth cap (no trace of it), 29 bad rollout (engine lost)." in charts[0].says
    assert not any("bandwidth" in span.label for chart in charts for span in chart.spans)
    assert all("Not exercised" not in chart.says for chart in charts[1:])
    assert drawn(made.fault("pause", 1, injected=False)) == [] == over_time(None)


def test_shares_and_p95_follow_the_bins_and_the_window_is_shaded() -> None:
    chart = drawn(made.fault("pause", 1, bad=(2.0, 6.0)), made.fault("dependency_slow", 12))[0]
    assert [(s.start, s.end, s.label, s.kind) for s in chart.spans] == [(2.0, 5.0, "1 pause", "fault"), (12.0, 15.0, "12 dependency slow", "fault")]
    found = lines(chart)
    assert found["failed"][:19] == [0.0] * 4 + [100.0] * 8 + [0.0] * 6 + [None]
    assert found["degraded"][19:] == [None] * 3 + [0.0] + [100.0] * 6 + [0.0] + [None] * 8 and "shed" not in found
    assert found["largest p95 (ms)"][4] is None and set(found["sent (requests/s)"]) == {100.0, None}
    assert "The largest share of requests failed under pause: 100 %." in chart.says and "shaded" in chart.says
    assert chart.table
    assert [row[:6] for row in chart.table.rows] == [["1", "pause", 900, 100, 0, 0], ["12", "dependency slow", 900, 0, 100, 0]]
    assert [row[-1] for row in chart.table.rows] == [1.0, 0.0]


def test_a_fault_that_is_over_at_once_can_be_seen() -> None:
    killed = made.fault("sigkill", 4).model_copy(update={"undo_s": 2.0})
    chart = drawn(killed)[0]
    assert chart.spans[0].end - chart.spans[0].start == pytest.approx(0.4)
    assert chart.table and chart.table.rows[0][3] == 100.0


def test_long_experiments_get_wider_slices() -> None:
    long = [made.fault("pause", n).model_copy(update={"bins": made.bins(70.0, 10)}) for n in range(1, 9)]
    chart = drawn(*long)[0]
    assert len(chart.series[0].points) <= POINTS + 16 and "Each 5 s" in chart.says


def test_a_fault_that_no_check_judges_says_what_is_expected() -> None:
    strips = {s.id: s for s in fault_strips(Bundle(evidence={"faults": made.every_fault()}), {}, {})}
    rotated, lost, unseen = strips["dependency_credentials"], strips["bad_rollout"], strips["bandwidth_cap"]
    assert (rotated.title, rotated.outcome, rotated.check) == ("Dependency credentials", None, "")
    assert rotated.says == "Expected: answers as before. Seen: seen"
    assert (lost.outcome, lost.recovered) == (Outcome.UNKNOWN, "not exercised") and "host" not in lost.recovered
    assert (unseen.outcome, unseen.recovered) == (Outcome.UNKNOWN, "not exercised")


def test_recovery_is_told_to_a_tenth_of_a_second() -> None:
    records = [made.fault("pause", 1, bad=(2.0, 6.3)), made.fault("network_cut", 9, bad=(2.0, 5.0)), made.fault("dependency_slow", 12)]
    strips = fault_strips(Bundle(evidence={"faults": FaultsEvidence(faults=records)}), {}, {})
    assert [s.recovered for s in strips] == ["1.3 s to recover", "good within 0.1 s", "no outage"]


def test_inputs_that_were_handled_wrong_stand_first_with_what_to_send_again() -> None:
    cases = [
        *[case(f"missing_{i}", kind="missing") for i in range(9)], case("text_for_amount", 500), case("extra_key", 200, expected="either"),
        case("empty_body", 200, violations=["score is missing"]),
    ]  # fmt: skip
    table = inputs(FaultsEvidence(faults=[made.fault("malformed_input", 26).model_copy(update={"cases": cases})]))
    assert table and [row[:5] for row in table.rows] == [
        ["text_for_amount", "wrong", "refused", "500", "{text_for_amount}"],
        ["empty_body", "wrong", "refused", "200 without a prediction", "{empty_body}"],
        ["9: missing (9)", "right", "refused", "422", ""],
        ["extra_key", "right", "either", "200", ""],
    ]


def test_a_broken_model_that_is_refused_is_no_wrong_input_handled_wrong() -> None:
    model = made.case("corrupt").model_copy(update={"status": 503})
    refused = made.fault("bad_model", 25).model_copy(update={"target": "model", "cases": [model]})
    assert inputs(FaultsEvidence(faults=[refused])) is None
    table = inputs(FaultsEvidence(faults=[refused, made.fault("malformed_input", 26)]))
    assert table is not None and "corrupt" not in str(table.rows)
