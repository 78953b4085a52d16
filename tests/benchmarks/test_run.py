"""The command as a user meets it: which parts run, what is written, and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import run
from benchmarks.bench import Bench
from benchmarks.report import Column, Findings, Table
from grader.schema.causes import Trouble

TABLE = Table("Lag", (Column("requests/s"), Column("p99 ms", 3)), [[100, 0.1]])
GOOD = {"lag.100": 0.1, "lag.300": 0.1, "lag.1000": 0.1, "lag.cpu": 0.1, "lag.peak": 60.0}


def lag(values: dict[str, float]) -> Findings:
    return Findings(tables=[TABLE], values=values, notes=["by hand"])


def ended(monkeypatch: pytest.MonkeyPatch, folder: Path, findings: Findings | Exception, *arguments: str) -> int:
    def part(_bench: Bench) -> Findings:
        if isinstance(findings, Exception):
            raise findings
        return findings

    monkeypatch.setitem(run.PARTS, "lag", part)
    return command.main(["--only", "lag", "-o", str(folder / "bench.json"), *arguments])


def test_all_bars_held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, tmp_path, lag(GOOD)) == 0
    said = capsys.readouterr().out
    assert "MISSED" not in said
    assert "note: by hand" in said
    record = json.loads((tmp_path / "bench.json").read_text())
    assert {bar["status"] for bar in record["bars"]} == {"held"}
    assert record["parts"]["lag"]["tables"][0]["rows"] == [[100, 0.1]]
    assert "| lag p99 at 100 requests/s |" in (tmp_path / "bench.md").read_text()


def test_a_missed_bar_is_named_with_its_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, tmp_path, lag({**GOOD, "lag.300": 0.31})) == 1
    assert "MISSED: lag p99 at 300 requests/s: 0.310 ms, bar <= 0.250 ms" in capsys.readouterr().out


def test_a_part_that_breaks_leaves_its_bars_undecided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, tmp_path, Trouble("host_noisy", "all slots are taken")) == 3
    assert "all slots are taken" in capsys.readouterr().out


def test_a_defect_is_never_a_missed_bar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, tmp_path, RuntimeError("boom")) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("benchmarks: grader: the grader has a defect: RuntimeError: boom")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "speed"], "no part is called 'speed'"),
        (["--seconds", "nan"], "--seconds 'nan'"),
        (["--seconds", "soon"], "--seconds 'soon'"),
        (["--searches", "1"], "--searches '1'"),
        (["--graded", "/nonexistent"], "no output folder of a grading"),
        (["--readme", "--seconds", "10"], "--readme"),
        (["--fast"], "--fast"),
        (["-o", "/dev/null/x.json"], "-o '/dev/null/x.json'"),
    ],
)
def test_bad_input_is_one_line_and_code_2(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    said = capsys.readouterr()
    assert (len(said.err.splitlines()), said.out) == (1, "")
    assert says in said.err
