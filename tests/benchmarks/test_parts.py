"""What each part makes of its measurements, on hand-made ones; and the servers that it measures against."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench import Server
from benchmarks.parts import capacity, grading, lag, truth
from benchmarks.parts.lag import Point
from benchmarks.report import Findings
from benchmarks.servers.stall import REPLY_S, held_until
from grader.schema.causes import UsageError
from grader.schema.evidence.load import Capacity, CapacityTrial
from grader.schema.evidence.manifest import RunFacts, StageTiming


def point(rate: float, lag_ms: float, *, others: float = 0.0, tries: int = 1) -> Point:
    return Point(rate, np.full(100, lag_ms), 0, 0.1, 60.0, 0.0, others, 0.0, others > 0.05, tries)


def found(rate: float | None, *, void: str | None = None, seconds: float = 15.0, disturbed: bool = False) -> Capacity:
    trial = CapacityTrial(
        phase="search", rate_rps=900.0, seconds=2.0, sent=1800, over_slo=0, p95_ms=1.0, p99_ms=2.0, shed=0, degraded=0, cpu_share=None,
        peak_in_flight=3, aborted=False, held=None, void="host noisy",
    )  # fmt: skip
    return Capacity(
        rate_rps=rate, failed_rps=None, saturation_rps=1000.0, parallelism=1.0, limited_by="service", highest_rps=5000.0, cpu_ms_per_request=1.0,
        bursts=[], trials=[trial] if disturbed else [], seconds=seconds, void=void,
    )  # fmt: skip


def facts(**changes: object) -> RunFacts:
    stages = [StageTiming(name="image", start_s=0, seconds=20), StageTiming(name="load", start_s=21, seconds=44, measured_s=40)]
    plain = RunFacts(wall_s=66, build_s=20, measured_s=40, grader_peak_mib=1, generator_peak_mib=1, stages=stages)
    return plain.model_copy(update=changes)


def test_a_request_in_the_stall_waits_for_its_end() -> None:
    assert held_until(105.25, 100.0) == 106.0
    assert held_until(106.0, 100.0) == 106.0
    assert held_until(115.5, 100.0) == 116.0
    assert held_until(104.9, 100.0) == 104.9
    assert REPLY_S == 0.005


def test_truth_takes_whole_periods() -> None:
    assert [truth.whole_periods(s) for s in (1, 10, 19, 20, 45)] == [10, 10, 10, 20, 40]


def test_a_tool_without_answers_says_nothing() -> None:
    assert set(truth.described(None).values()) == {0.0}
    assert truth.row("wrk", None, 500.0)[:2] == ["wrk (not installed)", None]


def test_a_tools_row_holds_its_error_at_p95() -> None:
    row = truth.row("blind", np.array([5.0] * 99 + [1000.0]), 500.0)
    assert row[0:2] == ["blind", 100]
    assert row[-2:] == [pytest.approx(1.0), pytest.approx(99.0)]


def test_lag_on_a_disturbed_core_is_excused_and_said() -> None:
    findings = Findings()
    lag.judge(point(300, 0.4, others=0.2, tries=3), findings)
    assert findings.values == {"lag.300": pytest.approx(0.4)}
    assert findings.excuses["lag.300"] == "kept waiting 0.00% of the time, others used 20.0% of its core, 0.0% stolen"
    assert findings.notes == [f"300 requests/s: measured 3 times; still {findings.excuses['lag.300']}"]


def test_a_point_that_came_clean_has_no_excuse() -> None:
    findings = Findings()
    lag.judge(point(1000, 0.1, tries=2), findings)
    assert findings.excuses == {"lag.1000": ""}
    assert findings.values["lag.cpu"] == 0.1


def test_rates_beyond_the_bars_are_shown_only() -> None:
    findings = Findings()
    lag.judge(point(2000, 5.0), findings)
    assert findings.values == {}


def test_the_ladder_ends_below_its_first_late_rung() -> None:
    rungs = [point(rate, lag_ms) for rate, lag_ms in ((4000, 0.2), (6000, 1.2), (8000, 0.3))]
    assert "up to 4000 requests/s, of 8000 tried" in lag.on_time(rungs)
    assert "not even at 6000" in lag.on_time(rungs[1:])
    assert "up to 4000" in lag.on_time(rungs[:1])


def test_repeatability_of_capacity_leaves_void_searches_out() -> None:
    findings = capacity.findings([found(900.0), found(950.0), found(None, void="host noisy"), found(925.0, seconds=19.0)], 0.1)
    assert findings.values["capacity.cv"] == pytest.approx(0.027, abs=1e-3)
    assert findings.values["capacity.seconds"] == 19.0
    assert "search 3 is void: host noisy" in findings.notes


def test_a_search_that_was_disturbed_is_not_held_to_the_clock() -> None:
    findings = capacity.findings([found(900.0, seconds=18.0), found(910.0, seconds=23.0, disturbed=True)], 0.1)
    assert findings.values["capacity.seconds"] == 18.0
    assert "with void trials a search took up to 23.0 s" in findings.notes
    disturbed = capacity.findings([found(900.0, seconds=23.0, disturbed=True)], 0.1)
    assert disturbed.values["capacity.seconds"] == 23.0
    assert disturbed.excuses["capacity.seconds"]


def test_too_few_searches_give_no_cv() -> None:
    findings = capacity.findings([found(900.0), found(950.0), found(None, void="host noisy")], 0.1)
    assert findings.missing["capacity.cv"] == "only 2 of 3 searches gave a figure"
    assert "capacity.cv" not in findings.values


def test_a_gradings_overhead_is_over_what_it_owes() -> None:
    findings = grading.findings(facts())
    assert findings.values["grading.wall"] == pytest.approx(66 / 60)
    assert findings.tables[0].rows[1] == ["load", 44, 40, pytest.approx(110.0)]


def test_waiting_for_a_slot_is_not_the_gradings_cost() -> None:
    assert grading.findings(facts(wall_s=166, waited_s=100)).values["grading.wall"] == pytest.approx(66 / 60)


def test_a_grading_that_measured_nothing_decides_nothing() -> None:
    assert grading.findings(facts(measured_s=0.0)).missing == {"grading": "nothing was measured in that grading"}


def test_run_facts_are_found_in_an_output_folder_and_in_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text(json.dumps({"run": facts().model_dump(mode="json")}))
    assert grading.run_facts(tmp_path) == facts() == grading.run_facts(tmp_path / "bundle")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"run": null}', '{"run": {"wall_s": "long"}}'])
def test_a_folder_without_run_facts_is_a_usage_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "result.json").write_text(text)
    with pytest.raises(UsageError):
        grading.run_facts(tmp_path)


@pytest.mark.parametrize(("name", "arguments", "says"), [("fast", (), b"{}"), ("work", ("0.1",), None), ("stall", (), b"{}")])
def test_the_servers_answer_and_end_with_us(name: str, arguments: tuple[str, ...], says: bytes | None) -> None:
    with Server(name, (), *arguments) as server:
        for i in range(3):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("POST", "/predict", json.dumps({"transaction_id": f"t{i}"}))
            body = connection.getresponse().read()
            assert body == says if says is not None else json.loads(body)["transaction_id"] == f"t{i}"
            connection.close()
    assert not Path(f"/proc/{server.pid}").exists()
