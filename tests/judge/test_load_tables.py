"""Load in rows and notes on hand-made evidence: numbers with n and interval, what stands beside the control, what nobody may rely on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.judge.charts import charts
from grader.judge.notes import notes
from grader.judge.tables import tables
from grader.schema.bundle import Bundle
from grader.schema.evidence import BatchEvidence, LoadEvidence, LoadWindow, StressEvidence
from grader.schema.result import Table
from judge import made

ASKED = made.challenge()


def bundle(load: LoadEvidence | None = None, stress: StressEvidence | None = None) -> Bundle:
    evidence = {name: data for name, data in (("load", load), ("stress", stress)) if data}
    return Bundle(challenge=ASKED, evidence=dict(evidence))


def found(load: LoadEvidence | None = None, stress: StressEvidence | None = None) -> dict[str, Table]:
    whole = bundle(load, stress)
    behind = [chart.table for chart in charts(whole, ASKED) if chart.table]
    return {table.id: table for table in [*tables(whole, ASKED), *behind]}


def cells(table: Table, row: str) -> dict[str, Any]:
    """A row by its first cell."""
    return next(dict(zip(table.columns, cells, strict=True)) for cells in table.rows if cells[0] == row)


def sound() -> tuple[LoadEvidence, StressEvidence]:
    return made.load(ASKED, "standard"), made.stress(ASKED, "standard")


def of(*windows: LoadWindow, **facts: Any) -> LoadEvidence:
    return LoadEvidence(windows=list(windows), bin_s=made.BIN_S, **facts)


def test_every_row_has_a_cell_per_column() -> None:
    shown = found(*sound())
    assert {"windows", "outcomes", "resources", "slices", "percentiles", "trials", "bursts", "batch", "slow_clients", "control", "soak"} <= set(shown)
    for table in shown.values():
        assert table.rows and all(len(row) == len(table.columns) for row in table.rows), table.id


def test_percentiles_stand_with_n_and_interval_or_without_one_where_n_is_small() -> None:
    windows = found(*sound())["windows"]
    assert windows.leading
    assert cells(windows, "warmup")["p99 ms"] == "4.5"
    steady = cells(windows, "steady")
    assert (steady["n"], steady["p99 ms"], steady["seed"]) == (3000, "9.0 (8.1-10.8)", "5f5f5f5f")
    assert [row[0] for row in windows.rows][5:] == ["slow clients", "overload", "relief", "soak"]
    assert cells(windows, "ramp")["requests/s"] == "20-300" and cells(windows, "overload")["requests/s"] == "3,610"


def test_answers_and_resources_per_window() -> None:
    load, stress = sound()
    windows = [load.windows[0].model_copy(update={"retried": 3}), *load.windows[1:]]
    shown = found(load.model_copy(update={"windows": windows}), stress)
    assert cells(shown["outcomes"], "warmup")["sent twice"] == 3
    assert cells(shown["outcomes"], "overload")["others"] == "shed 10397"
    steady = cells(shown["resources"], "steady")
    assert (steady["CPU s"], steady["CPU % of the limit"], steady["CPU ms per request"], steady["open files at most"]) == (1.5, 5, 0.5, 24)
    assert cells(shown["resources"], "overload")["CPU % of the limit"] == pytest.approx(98, abs=1)


def test_throughput_by_concurrency_says_what_more_callers_bring() -> None:
    bursts = found(*sound())["bursts"]
    assert [row[0] for row in bursts.rows] == [1, 2, 4, 8, 16, 32]
    assert bursts.rows[0][1:] == [640, 1.0, 32] and bursts.rows[4][1:3] == [1950, 3.05]
    assert "The best rate, 1,950/s, is 3.05 times that of one caller" in bursts.says and "1 CPU allows at most 2,000/s" in bursts.says


def test_trials_stand_in_their_order_with_what_became_of_them() -> None:
    trials = found(*sound())["trials"]
    assert [row[-1] for row in trials.rows[:2]] == ["held", "did not hold, ended early"]
    assert trials.rows[4][-1] == "void: host noisy: other work took 14% of the candidate's core"
    assert trials.rows[6][:3] == ["confirm", 1805, 5]


def test_the_control_stands_beside_the_submission() -> None:
    control = found(*sound())["control"]
    assert [row[0] for row in control.rows] == [
        "before load", "before stress", "after load", "after search", "after stress", "the submission, steady", "the submission / the control",
    ]  # fmt: skip
    ratio = cells(control, "the submission / the control")
    assert ratio["p50 ms"] == pytest.approx(1.8 / 0.454, abs=0.05) and ratio["CPU ms per request"] == pytest.approx(0.5 / 0.121, abs=0.05)
    assert "rate by 2 %" in control.says and "CPU per request by 2 %" in control.says


def test_without_a_sound_steady_window_or_a_control_there_is_no_ratio() -> None:
    void = found(made.load(ASKED, "standard", void="host noisy"))["control"]
    assert [row[0] for row in void.rows] == ["before load", "after load"]
    single = found(of(made.window("steady", 100, 5, 9.0), control=[made.reading("before load", 1)]))["control"]
    assert single.says == "" and len(single.rows) == 3
    assert "control" not in found(of(made.window("steady", 100, 5, 9.0)))


def test_a_batch_is_set_against_single_predictions() -> None:
    batch = found(*sound())["batch"]
    assert batch.title == "Single predictions against /predict/batch"
    assert batch.rows[2][:3] == [64, 100, 100] and batch.rows[2][4] == pytest.approx(5 / 64, abs=0.01)
    assert batch.says == "A prediction in a batch of 64 takes 0.0578 ms of CPU, 0.105 times that of a single one."
    unanswered = made.batch().model_copy(
        update={"trials": [t.model_copy(update={"answered": 0, "p50_ms": None, "cpu_ms_per_prediction": None}) for t in made.batch().trials]}
    )
    assert found(of(made.window("steady", 100, 5, 9.0), batch=unanswered))["batch"].says == ""


@pytest.mark.parametrize("batch", [None, made.batch(found=None), BatchEvidence(route="/x", found="a list")])
def test_no_batch_route_no_table(batch: BatchEvidence | None) -> None:
    assert "batch" not in found(of(made.window("steady", 100, 5, 9.0), batch=batch))


def test_slow_clients_are_counted_and_everybody_elses_wait_stands_beside_them() -> None:
    slow = cells(found(*sound())["slow_clients"], "slow clients")
    assert (slow["slow connections"], slow["cut by the service"], slow["first cut after s"], slow["p99 ms of the others"]) == (64, 64, 5.1, 9)


def test_nothing_in_no_rows() -> None:
    assert found() == found(LoadEvidence(windows=[], bin_s=0.1), StressEvidence(bin_s=0.1)) == {}
    bare = StressEvidence(capacity=made.capacity(bursts=[], parallelism=None, cpu_ms_per_request=None), bin_s=0.1)
    assert "bursts" not in found(stress=bare)


def said(stress: StressEvidence | None = None, load: LoadEvidence | None = None) -> list[str]:
    return notes(bundle(load, stress))


def test_a_sound_run_has_a_note_on_its_spoilt_trial_alone() -> None:
    load, stress = sound()
    assert said(stress, load) == ["trial of the capacity search at 1,950 requests/s is void: host noisy: other work took 14% of the candidate's core"]


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"void": "host unsteady: it moved"}, "the capacity search is void: host unsteady: it moved"),
        ({"failed_rps": None, "limited_by": "highest_rate"},
         "the capacity search tried no rate beyond 5,000 requests/s: the truth is no lower"),
        ({"failed_rps": None, "limited_by": "generator"},
         "the capacity search ended where the generator could not send more: the truth is no lower"),
        ({"failed_rps": None}, "the capacity search ended although no rate above the published one failed"),
    ],
)  # fmt: skip
def test_what_bounds_the_capacity_is_a_note(facts: dict[str, Any], note: str) -> None:
    assert said(StressEvidence(capacity=made.capacity(trials=[], **facts), bin_s=0.1)) == [note]


def test_void_windows_of_stress_and_what_was_repeated_are_notes() -> None:
    overload, soak = made.window("overload", 900, 5, 9.0, void="generator late"), made.window("soak", 300, 5, 9.0, void="host noisy")
    told = said(StressEvidence(overload=overload, soak=soak, voided=[soak], bin_s=0.1))
    assert told == [
        "load window overload is void, used only where the best level is reached all the same: generator late",
        "load window soak is void, used only where the best level is reached all the same: host noisy",
        "load window soak was repeated: host noisy",
    ]


def test_what_spoils_a_whole_stretch_is_one_note() -> None:
    load = of(*(made.window(name, 100, 5, 9.0, void="host unsteady") for name in ("steady", "slow_clients")))
    assert said(load=load) == ["load windows steady, slow clients are void, used only where the best level is reached all the same: host unsteady"]


def test_a_window_without_an_answer_lost_all_it_sent() -> None:
    silent = made.window("steady", 100, 5, 9.0).model_copy(update={"latency": None, "ok": 0})
    assert cells(found(of(silent))["windows"], "steady")["late or lost"] == 500


def test_a_control_that_moved_is_a_note() -> None:
    load = of(made.window("steady", 100, 5, 9.0), control=[made.reading("before", 1), made.reading("after", 60, 6400.0)])
    assert said(load=load) == ["the control service moved between its readings, so the machine did too: rate by 25 %, CPU per request by 25 %"]
    assert said(load=of(made.window("steady", 100, 5, 9.0), control=[made.reading("before", 1), made.reading("after", 60, 7400.0)])) == []


COUNTS = st.integers(0, 3)
AMOUNTS = st.floats(0, 100).map(lambda x: round(x, 3))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_was_measured_is_drawn(data: st.DataObject) -> None:
    """Zeros, Nones and empty lists everywhere: a report of a dying service must not break the report."""
    drawn = data.draw

    def window(name: str) -> LoadWindow:
        sent = made.window(name, drawn(AMOUNTS), drawn(st.sampled_from([0.1, 1.0, 7.3])), 9.0, drawn(AMOUNTS))
        seen = (
            sent.latency.model_copy(update={"n": drawn(COUNTS), "curve": [(drawn(st.floats(0, 1)), drawn(AMOUNTS))] * drawn(COUNTS)})
            if sent.latency
            else None
        )
        bins = [b.model_copy(update={"p95_ms": drawn(st.none() | AMOUNTS), "ok": 0}) for b in sent.bins[:3]]
        samples = sent.resources.samples[: drawn(COUNTS)] if sent.resources else []
        use = sent.resources.model_copy(update={"samples": samples * drawn(st.integers(1, 2))}) if sent.resources else None
        odd = {"latency": drawn(st.none() | st.just(seen)), "bins": bins, "resources": drawn(st.none() | st.just(use)), "seconds": drawn(AMOUNTS)}
        return sent.model_copy(update={**odd, "sent": drawn(COUNTS), "ok": 0})

    trials = [
        made.trial(
            drawn(AMOUNTS), drawn(st.sampled_from([True, False, None])), p99_ms=drawn(st.none() | AMOUNTS), cpu_share=drawn(st.none() | AMOUNTS)
        )
        for _ in range(drawn(COUNTS))
    ]
    capacity = made.capacity(trials=trials, rate_rps=drawn(st.none() | AMOUNTS), failed_rps=drawn(st.none() | AMOUNTS), bursts=[])
    load = of(*(window(name) for name in ("steady", "spike")), control=[made.reading("x", 0, drawn(st.floats(1, 2)))] * drawn(COUNTS))
    stress = StressEvidence(capacity=capacity, overload=window("overload"), soak=window("soak"), bin_s=0.1)
    whole = bundle(load, stress)
    assert charts(whole, ASKED) and tables(whole, ASKED)
    notes(whole)
